//! One training from job to summary.

use std::path::PathBuf;

use crate::{Interrupted, TrainError, TrainJob, TrainSummary, TrainerEvent};

/// Whoever started a training: hears of its progress, and may end it.
pub trait Supervisor: Send {
    /// Takes an event. [`TrainerEvent::Finished`] and [`TrainerEvent::Failed`] are not among them: they are the return
    /// value of [`train`].
    fn event(&mut self, event: TrainerEvent);

    /// Takes a line of the human log.
    fn log(&mut self, line: &str) {
        let _ = line;
    }

    /// Waits for the test split, after [`TrainerEvent::TestWanted`].
    ///
    /// # Errors
    /// The supervisor is gone.
    fn test_split(&mut self) -> Result<PathBuf, Interrupted>;

    /// Whether training is to stop; asked at each step.
    fn interrupted(&self) -> bool;
}

/// Trains, evaluates and writes the adapter.
///
/// # Errors
/// See [`TrainError`].
pub fn train(_job: &TrainJob, _supervisor: &mut dyn Supervisor) -> Result<TrainSummary, TrainError> {
    Err(TrainError::Device("not ready yet"))
}
