//! Whether a training fits into memory, and in how many parts.

use crate::memory::{Limit, Sizes};
use crate::model::Compute;
use crate::step::Parts;
use crate::{MicroBatch, TrainError, TrainJob};

/// The parts of a batch. Refuses a job that cannot fit into memory, before anything large is read.
///
/// # Errors
/// The figures, and what would make it fit.
pub(super) fn parts(
    job: &TrainJob,
    sizes: Sizes,
    lengths: &[usize],
    compute: &Compute,
) -> Result<Parts, TrainError> {
    let (batch, limit) = (job.params.batch_size, Limit::on(&compute.device, job.memory_limit));
    let wanted = Parts::new(job.micro_batch, usize::MAX).size(batch);
    match sizes.fitting(lengths, wanted, &limit) {
        Ok(fitting) if fitting == wanted.min(lengths.len()) => Ok(Parts::new(job.micro_batch, batch)),
        Ok(fitting) if job.micro_batch == MicroBatch::Auto => Ok(Parts::new(job.micro_batch, fitting)),
        Ok(_) => {
            let mut longest = lengths.to_vec();
            longest.sort_unstable_by_key(|&length| std::cmp::Reverse(length));
            longest.truncate(wanted);
            let advice = "set \"micro_batch\": \"auto\", or a smaller batch_size or max_length";
            let demand = sizes.demand(&longest);
            Err(TrainError::OutOfMemory(format!("this training needs {demand}, more than {limit}; {advice}")))
        }
        Err(demand) => Err(TrainError::OutOfMemory(format!(
            "even one window at a time, this training needs {demand}, more than {limit}; take a smaller backbone or \
             max_length"
        ))),
    }
}
