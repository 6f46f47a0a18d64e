//! Where a pretraining stands, and its way into a checkpoint and back.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::step::{Stepper, Trains, copies, put_back};
use crate::checkpoint::{Checkpoint, Identity, hash_backbone, hash_file};
use crate::model::MaskedLm;
use crate::optim::Moments;
use crate::{DaptEpoch, DaptJob, HeldOutScores, TrainError};

/// Everything that is not computed again from the job, but for tensors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Steps done of the new head.
    pub(super) head_steps: usize,
    /// The measurement before the first step of the branches, once it was made.
    pub(super) before: Option<HeldOutScores>,
    /// Steps done of the branches.
    pub(super) steps: usize,
    /// Wall seconds so far, earlier runs of the job included.
    pub(super) seconds: f64,
    /// The epochs of the branches that have ended.
    #[serde(default)]
    pub(super) epochs: Vec<DaptEpoch>,
    /// The epoch of the branches that is in progress.
    #[serde(default)]
    pub(super) epoch: EpochSoFar,
}

/// Sums over the steps of an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct EpochSoFar {
    pub(super) loss: f64,
    pub(super) steps: usize,
    pub(super) pieces: usize,
    /// Wall seconds of the whole when it began.
    pub(super) began: f64,
}

/// What makes this job the same when it is started again.
pub(super) fn identity(job: &DaptJob) -> Result<Identity, TrainError> {
    let hash = |path: &Path| hash_file(path).map_err(TrainError::output(path));
    let facts = Identity::of([
        ("kind", "dapt".to_owned()),
        ("seed", job.seed.to_string()),
        ("passages", hash(&job.passages)?),
        ("held_out", hash(&job.held_out)?),
        ("backbone", hash_backbone(&job.backbone).map_err(TrainError::output(&job.backbone))?),
    ]);
    Ok(facts.with_object("params", &job.params))
}

const FIRST: &str = "first/";
const SECOND: &str = "second/";
const TRAINED: &str = "trained/";

/// The checkpoint within a phase. Both phases' tensors are in it: the head stays where the first one left it.
pub(super) fn checkpoint(
    progress: &Progress,
    model: &MaskedLm,
    stepper: &Stepper<'_>,
) -> Result<Checkpoint<Progress>, TrainError> {
    let mut tensors = BTreeMap::new();
    for (name, moments) in stepper.moments() {
        let flat = |values: &[f32]| (vec![values.len()], values.to_vec());
        tensors.insert(format!("{FIRST}{name}"), flat(&moments.first));
        tensors.insert(format!("{SECOND}{name}"), flat(&moments.second));
    }
    for variables in [&model.trainable(), model.fresh_head()] {
        let trained = copies(variables)?.into_iter();
        tensors.extend(trained.map(|(name, tensor)| (format!("{TRAINED}{name}"), tensor)));
    }
    Ok(Checkpoint { state: progress.clone(), tensors })
}

/// What a checkpoint holds for the phase in which it was written.
pub(super) struct TakenUp {
    pub(super) progress: Progress,
    moments: BTreeMap<String, Moments>,
}

impl TakenUp {
    /// Puts the trained tensors back into the model.
    pub(super) fn new(checkpoint: Checkpoint<Progress>, model: &MaskedLm) -> Result<Self, TrainError> {
        let Checkpoint { state, tensors } = checkpoint;
        let mut trained = BTreeMap::new();
        let mut moments: BTreeMap<String, Moments> = BTreeMap::new();
        for (name, tensor) in tensors {
            if let Some(name) = name.strip_prefix(TRAINED) {
                trained.insert(name.to_owned(), tensor);
            } else if let Some(name) = name.strip_prefix(FIRST) {
                moments.entry(name.to_owned()).or_default().first = tensor.1;
            } else if let Some(name) = name.strip_prefix(SECOND) {
                moments.entry(name.to_owned()).or_default().second = tensor.1;
            }
        }
        put_back(&model.trainable(), &trained)?;
        put_back(model.fresh_head(), &trained)?;
        Ok(Self { progress: state, moments })
    }

    /// Lets a phase go on, if it is the one in which the checkpoint was written.
    pub(super) fn begin_phase(&mut self, trains: Trains, stepper: &mut Stepper<'_>) {
        let (is_current, done) = match trains {
            Trains::Head => (self.progress.before.is_none(), self.progress.head_steps),
            Trains::Branches => (self.progress.before.is_some(), self.progress.steps),
        };
        if is_current {
            stepper.resume(done, std::mem::take(&mut self.moments));
        }
    }
}
