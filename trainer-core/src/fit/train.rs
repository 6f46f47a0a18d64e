//! The entry for a library.

use super::run::run;
use crate::{Supervisor, TrainError, TrainJob, TrainSummary, threads};

/// Trains, evaluates, and writes `adapter/`, `predictions.jsonl` and `summary.json` into the job's `out`.
///
/// The same job on the same machine gives the same bits on the CPU, whatever the number of threads.
///
/// # Errors
/// See [`TrainError`]; its [`TrainError::reason`] is the exit code of a trainer process.
pub fn train(job: &TrainJob, supervisor: &mut dyn Supervisor) -> Result<TrainSummary, TrainError> {
    job.check()?;
    threads::with(job.setup.threads, || run(job, supervisor))
}
