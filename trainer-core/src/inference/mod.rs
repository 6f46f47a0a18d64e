//! A trained adapter in use: reading it back, tagging sentences, evaluating it on a corpus.
//!
//! Owns what is done with an adapter after its training. Must not know how it was trained.

mod adapter;
mod error;
mod evaluation;
mod labels;
mod recogniser;
mod test_run;

use adapter::AdapterFolder;
pub use adapter::base_model;
pub use error::InferenceError;
pub use evaluation::{Evaluated, EvaluationOptions, EvaluationReport, evaluate};
pub use labels::{LabelMapError, TypeMap};
pub use recogniser::{Recogniser, Tagged};
pub use test_run::test;
