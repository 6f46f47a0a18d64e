//! The threads that a job computes with.

use crate::TrainError;

/// Does `work` with `threads` threads; `None` leaves the process's own pool.
///
/// # Errors
/// Those of `work`, or no threads.
pub(crate) fn with<R: Send>(
    threads: Option<usize>,
    work: impl FnOnce() -> Result<R, TrainError> + Send,
) -> Result<R, TrainError> {
    match threads {
        None => work(),
        // A pool of its own: the global one may already be in use with another size.
        Some(threads) => rayon::ThreadPoolBuilder::new().num_threads(threads).build()?.install(work),
    }
}
