//! Exit codes of failed commands. Must not know how a failure is told.

use pedigree_worker::WorkerError;

/// The exit code of a command that failed so.
pub(crate) fn of(error: &anyhow::Error) -> u8 {
    error.downcast_ref().map_or(1, WorkerError::exit_code)
}
