//! When a checkpoint is due, and where it lies.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Checkpoint, CheckpointError, Identity};
use crate::CheckpointPlan;

/// A step that lasts so long may not end within the time that a stop allows: each of them is kept.
const SLOW_STEP: Duration = Duration::from_secs(2);

/// Keeps the progress of one job.
#[derive(Debug)]
pub(crate) struct Keeper {
    path: PathBuf,
    identity: Identity,
    plan: CheckpointPlan,
    /// When the last checkpoint was written, or the run began, and the step it held.
    last: (Instant, usize),
    last_look: Instant,
}

impl Keeper {
    /// The keeper of a job.
    pub(crate) fn new(path: PathBuf, identity: Identity, plan: CheckpointPlan) -> Self {
        let now = Instant::now();
        Self { path, identity, plan, last: (now, 0), last_look: now }
    }

    /// What an earlier run of this job left.
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
        let slow = now - std::mem::replace(&mut self.last_look, now) >= SLOW_STEP;
        let (at, held) = self.last;
        let by_time = (now - at).as_secs_f64() >= self.plan.every_seconds;
        slow || by_time || self.plan.every_steps.is_some_and(|steps| step.saturating_sub(held) >= steps)
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
        self.last = (Instant::now(), step);
        Ok(())
    }

    /// The fault of a checkpoint that lacks `part`.
    pub(crate) fn without(&self, part: &str) -> CheckpointError {
        CheckpointError::Foreign { path: self.path.clone(), problem: format!("it lacks {part}") }
    }

    /// Forgets the progress: the job has its result.
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
