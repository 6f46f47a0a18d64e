//! The threads that a job computes with.

use crate::TrainError;

/// Does `work` in a pool of `threads` threads. With `None` it runs in the pool of the process.
///
/// # Errors
/// Those of `work`, or no threads.
pub(crate) fn with<R: Send, E: From<TrainError> + Send>(
    threads: Option<usize>,
    work: impl FnOnce() -> Result<R, E> + Send,
) -> Result<R, E> {
    match threads {
        None => work(),
        // The global pool may already be in use with another size.
        Some(threads) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.map_err(TrainError::from)?.install(work)
        }
    }
}
