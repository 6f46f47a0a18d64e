//! Corpora: reading CoNLL columns in any of the usual tag schemes, their statistics, and what a model is given of
//! them (windows, batches).
//!
//! Owns what a sentence is. Must not know any model.

pub(crate) mod batch;
mod columns;
mod conll;
#[cfg(test)]
mod conll_tests;
mod error;
mod labels;
mod lines;
mod options;
mod plausible;
mod scheme;
mod sentence;
mod statistics;
pub mod synth;
pub mod text;
pub(crate) mod windows;

pub use conll::{parse, read, read_foreign, tag_columns};
pub use error::{CorpusError, Fault, LineFault};
pub use labels::{LabelSet, has_entities};
pub use options::ReadOptions;
pub use plausible::instead_of_words;
pub use scheme::Scheme;
pub use sentence::{Sentence, Split};
pub use statistics::{Overlap, SplitStatistics, overlap};
