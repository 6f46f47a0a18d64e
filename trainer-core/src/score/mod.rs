//! Entity-level evaluation: exact boundaries and type, micro-averaged over the corpus.
//!
//! Owns what an entity is under each protocol. Must not know models; it sees tags only.

mod compare;
mod entities;
mod errors;
mod predictions;
mod tally;

pub use compare::{SentenceCounts, compare};
pub(crate) use compare::{SplitScores, compare_split, orphans};
pub use entities::{Entity, entities};
pub use errors::{
    Confusion, ErrorClass, ErrorCount, ErrorReport, Example, LONGEST, LengthScore, Mention, SeenScores,
    SurfaceForms,
};
pub(crate) use predictions::sentence_predictions;
pub use tally::error_report;

#[cfg(test)]
mod errors_tests;
#[cfg(test)]
mod tests;
