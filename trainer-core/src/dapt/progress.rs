//! Where a pretraining stands, as a checkpoint holds it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::phase::Trains;
use crate::checkpoint::{Checkpoint, Groups, Identity, hash_backbone, hash_file};
use crate::model::MaskedLm;
use crate::optim::{LossScale, Moments};
use crate::step::Stepper;
use crate::values::{copies, put_back};
use crate::{DaptEpoch, DaptJob, HeldOutScores, TrainError};

/// Everything but tensors that cannot be computed again from the job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Steps of the new head done.
    pub(super) head_steps: usize,
    /// The measurement before the first step of the branches, once it is made.
    pub(super) before: Option<HeldOutScores>,
    /// Steps of the branches done.
    pub(super) steps: usize,
    /// Wall seconds so far, earlier runs of the job included.
    pub(super) seconds: f64,
    /// The epochs of the branches that have ended.
    #[serde(default)]
    pub(super) epochs: Vec<DaptEpoch>,
    /// The epoch of the branches that is in progress.
    #[serde(default)]
    pub(super) epoch: EpochSoFar,
    /// The factor on the loss, in f16, of the phase in progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    loss_scale: Option<LossScale>,
}

/// Sums over the steps of an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct EpochSoFar {
    pub(super) loss: f64,
    pub(super) steps: usize,
    pub(super) pieces: usize,
    /// Wall seconds of the pretraining when the epoch began.
    pub(super) began: f64,
}

/// What makes this job the same when it is started again.
pub(super) fn identity(job: &DaptJob) -> Result<Identity, TrainError> {
    let hash = |path: &Path| hash_file(path).map_err(TrainError::output(path));
    let backbone = &job.setup.backbone;
    let facts = Identity::of([
        ("kind", "dapt".to_owned()),
        ("seed", job.setup.seed.to_string()),
        ("passages", hash(&job.passages)?),
        ("held_out", hash(&job.held_out)?),
        ("backbone", hash_backbone(backbone).map_err(TrainError::output(backbone))?),
    ]);
    Ok(facts.with_params(&job.params))
}

/// The checkpoint within a phase. It holds the tensors of both phases: the head stays where the first phase left it.
///
/// # Errors
/// The device failed.
pub(super) fn checkpoint(
    progress: &Progress,
    model: &MaskedLm,
    stepper: &Stepper<'_>,
) -> Result<Checkpoint<Progress>, TrainError> {
    let mut trained = copies(&model.trainable())?;
    trained.extend(copies(model.fresh_head())?);
    let groups = Groups { trained, moments: stepper.moments().clone(), ..Groups::default() };
    Ok(Checkpoint { state: state(progress, stepper), tensors: groups.into_tensors() })
}

fn state(progress: &Progress, stepper: &Stepper<'_>) -> Progress {
    Progress { loss_scale: stepper.loss_scale(), ..progress.clone() }
}

/// What a checkpoint holds for the phase in which it was written.
pub(super) struct Resumption {
    pub(super) progress: Progress,
    moments: BTreeMap<String, Moments>,
}

impl Resumption {
    /// Puts the trained tensors back into the model.
    ///
    /// # Errors
    /// The device failed.
    pub(super) fn new(checkpoint: Checkpoint<Progress>, model: &MaskedLm) -> Result<Self, TrainError> {
        let Checkpoint { state: progress, tensors } = checkpoint;
        let Groups { trained, moments, .. } = Groups::of(tensors);
        put_back(&model.trainable(), &trained)?;
        put_back(model.fresh_head(), &trained)?;
        Ok(Self { progress, moments })
    }

    /// Resumes a phase, if the checkpoint was written in it.
    pub(super) fn begin_phase(&mut self, trains: Trains, stepper: &mut Stepper<'_>) {
        let (is_current, done) = match trains {
            Trains::Head => (self.progress.before.is_none(), self.progress.head_steps),
            Trains::Branches => (self.progress.before.is_some(), self.progress.steps),
        };
        if is_current {
            stepper.resume(done, std::mem::take(&mut self.moments), self.progress.loss_scale);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seeds;
    use crate::step::overflowing::{Overflowing, Silent, plan, with_target};

    #[test]
    fn a_resumed_phase_in_f16_keeps_its_factor_on_the_loss() {
        let model = Overflowing::new();
        let mut stopped = Stepper::new(&model, plan(), &Seeds::root(1));
        stopped.step_counted(&[with_target()], &mut Silent).unwrap();
        let kept =
            serde_json::to_string(&state(&Progress { head_steps: 1, ..Progress::default() }, &stopped));
        let progress = serde_json::from_str(&kept.unwrap()).unwrap();
        let mut resumption = Resumption { progress, moments: BTreeMap::new() };
        let mut resumed = Stepper::new(&model, plan(), &Seeds::root(1));
        assert_ne!(resumed.loss_scale(), stopped.loss_scale());
        resumption.begin_phase(Trains::Head, &mut resumed);
        assert_eq!((resumed.done, resumed.loss_scale()), (1, stopped.loss_scale()));
        let mut next_phase = Stepper::new(&model, plan(), &Seeds::root(1));
        resumption.begin_phase(Trains::Branches, &mut next_phase);
        assert_eq!((next_phase.done, next_phase.loss_scale()), (0, Some(LossScale::default())));
    }
}
