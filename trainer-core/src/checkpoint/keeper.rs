//! When a checkpoint is due, and which file holds it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Checkpoint, CheckpointError, Identity};
use crate::CheckpointPlan;

/// A checkpoint is written after each step that takes this long: a trainer that is told to stop might not have the time to
/// end another one.
const SLOW_STEP: Duration = Duration::from_secs(2);

/// Keeps the progress of one job.
#[derive(Debug)]
pub(crate) struct Keeper {
    path: PathBuf,
    identity: Identity,
    plan: CheckpointPlan,
    /// When the last checkpoint was written, or else when the run began.
    written_at: Instant,
    /// The step of the last checkpoint.
    written_step: usize,
    asked_at: Instant,
}

impl Keeper {
    /// The keeper of a job.
    pub(crate) fn new(path: PathBuf, identity: Identity, plan: CheckpointPlan) -> Self {
        let now = Instant::now();
        Self { path, identity, plan, written_at: now, written_step: 0, asked_at: now }
    }

    /// The checkpoint of an earlier run of this job.
    ///
    /// # Errors
    /// See [`Checkpoint::read`].
    pub(crate) fn found<S: Serialize + DeserializeOwned>(
        &self,
    ) -> Result<Option<Checkpoint<S>>, CheckpointError> {
        Checkpoint::read(&self.path, &self.identity)
    }

    /// Whether the progress after `step` should be written now. Asked after each step.
    pub(crate) fn is_due(&mut self, step: usize) -> bool {
        let now = Instant::now();
        let slow = now - std::mem::replace(&mut self.asked_at, now) >= SLOW_STEP;
        let by_time = (now - self.written_at).as_secs_f64() >= self.plan.every_seconds;
        let since = step.saturating_sub(self.written_step);
        slow || by_time || self.plan.every_steps.is_some_and(|steps| since >= steps)
    }

    /// Writes the progress after `step`.
    ///
    /// # Errors
    /// What the file system said.
    pub(crate) fn keep<S: Serialize + DeserializeOwned>(
        &mut self,
        step: usize,
        checkpoint: &Checkpoint<S>,
    ) -> Result<(), CheckpointError> {
        checkpoint.write(&self.path, &self.identity)?;
        (self.written_at, self.written_step) = (Instant::now(), step);
        Ok(())
    }

    /// The fault of a checkpoint that lacks `part`.
    pub(crate) fn without(&self, part: &str) -> CheckpointError {
        CheckpointError::Foreign { path: self.path.clone(), problem: format!("it lacks {part}") }
    }

    /// Removes the checkpoint: the job has its result.
    ///
    /// # Errors
    /// What the file system said.
    pub(crate) fn forget(&self) -> Result<(), CheckpointError> {
        match std::fs::remove_file(&self.path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(CheckpointError::Unwritten { path: self.path.clone(), source })
            }
            _ => Ok(()),
        }
    }
}
