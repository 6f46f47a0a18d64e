//! One training from job to summary: load, train epoch by epoch, keep the best, score, write.
//!
//! Owns the order of things. Must not know processes or pipes; it speaks to a [`Supervisor`].

mod batches;
mod bench;
mod course;
mod early_stop;
mod epoch;
mod evaluate;
mod loaded;
mod outputs;
mod parts;
mod progress;
mod run;
mod splits;
mod step;
mod supervisor;

pub use bench::{BenchReport, BenchSpec, bench};
pub(crate) use evaluate::word_logits;
pub(crate) use loaded::check_vocabulary;
pub(crate) use splits::Windowed;
pub use supervisor::Supervisor;

use crate::{TrainError, TrainJob, TrainSummary};

/// Trains, evaluates, and writes `adapter/`, `predictions.jsonl` and `summary.json` into `job.out`.
///
/// The same job on the same machine gives the same bits on the CPU, whatever the number of threads.
///
/// # Errors
/// See [`TrainError`]; its [`TrainError::reason`] is the exit code of a trainer process.
pub fn train(job: &TrainJob, supervisor: &mut dyn Supervisor) -> Result<TrainSummary, TrainError> {
    job.check()?;
    match job.threads {
        None => run::run(job, supervisor),
        // A pool of its own: the global one may already be in use with another size.
        Some(threads) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
            pool.install(|| run::run(job, supervisor))
        }
    }
}
