//! Domain-adaptive pretraining (Gururangan et al. 2020): masked-language modelling on raw text through LoRA branches.
//!
//! text → `sequences` (pieces, packed to the sequence length) → `masks` (drawn anew each epoch) → `step` (gradient
//! accumulation over parts) → `run` (a new head first where the backbone has none, then the adapter) → `adapter`. `held_out`
//! measures before and after. Owns the order of these things. Must not know entities.

mod held_out;
mod masks;
mod outputs;
mod progress;
mod run;
mod sequences;
mod step;

use crate::{DaptJob, DaptSummary, Supervisor, TrainError};

/// Pretrains, measures before and after, and writes `adapter/` and `summary.json` into `job.out`.
///
/// The same job on the same machine gives the same bits on the CPU, also when it was interrupted and started again.
///
/// # Errors
/// See [`TrainError`].
pub fn dapt(job: &DaptJob, supervisor: &mut dyn Supervisor) -> Result<DaptSummary, TrainError> {
    job.check()?;
    match job.threads {
        None => run::run(job, supervisor),
        Some(threads) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
            pool.install(|| run::run(job, supervisor))
        }
    }
}
