//! Corpora: reading CoNLL columns in any of the usual tag schemes, their statistics, and what a model is given of
//! them (windows, batches).
//!
//! Owns what a sentence is. Must not know any model.

pub(crate) mod batch;
mod conll;
mod error;
mod labels;
mod scheme;
mod sentence;
mod statistics;
pub mod synth;
pub mod text;
pub(crate) mod windows;

pub use conll::{ReadOptions, parse, read};
pub use error::{CorpusError, Fault};
pub use labels::LabelSet;
pub use scheme::Scheme;
pub use sentence::{Sentence, Split};
pub use statistics::{Overlap, SplitStatistics, overlap};
