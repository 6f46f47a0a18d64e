//! Whoever started a training.

use std::path::PathBuf;

use crate::TrainerEvent;
use crate::error::Interrupted;

/// Hears of a training's progress, and may stop it.
pub trait Supervisor: Send {
    /// Takes an event. [`TrainerEvent::Finished`], its siblings and [`TrainerEvent::Failed`] are not among them: they
    /// are return values.
    fn event(&mut self, event: TrainerEvent);

    /// Takes a line of the log for people; the default drops it.
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
