//! One training from job to summary: load, train epoch by epoch, keep the best, score, write.
//!
//! Owns the order of things. Must not know processes or pipes; it speaks to a [`crate::Supervisor`].

mod bench;
mod course;
mod early_stop;
mod epoch;
mod evaluate;
mod loaded;
mod memory_plan;
mod outputs;
mod progress;
mod run;
mod splits;
mod tagging;

pub use bench::{BenchReport, BenchSpec, bench};
pub(crate) use evaluate::word_logits;
pub use run::train;
pub(crate) use splits::Windowed;
