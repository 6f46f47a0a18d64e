//! Where a training stands, and its way into a checkpoint and back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::early_stop::EarlyStop;
use super::epoch::Pass;
use super::step::Stepper;
use crate::adapter::{StartAdapter, Trained};
use crate::checkpoint::{Checkpoint, Identity, hash_backbone, hash_file};
use crate::optim::{LossScale, Moments};
use crate::{EpochMetrics, ProtocolScores, TrainError, TrainJob};

/// Everything that is not computed again from the job, but for tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Epochs that have ended, with their evaluations.
    pub(super) reports: Vec<EpochMetrics>,
    /// Batches done of the epoch in progress.
    pub(super) batches: usize,
    /// What these batches measured.
    pub(super) pass: Pass,
    /// Optimiser steps done.
    pub(super) step: usize,
    pub(super) early_stop: EarlyStop,
    pub(super) best: Option<BestEpoch>,
    /// In f16 the factor on the loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) loss_scale: Option<LossScale>,
    /// Wall seconds so far, earlier runs of the job included.
    pub(super) seconds: f64,
}

/// The best epoch so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct BestEpoch {
    pub(super) epoch: usize,
    pub(super) dev: ProtocolScores,
}

impl Progress {
    /// Nothing done yet.
    pub(super) fn new(patience: usize) -> Self {
        Self {
            reports: Vec::new(),
            batches: 0,
            pass: Pass::default(),
            step: 0,
            early_stop: EarlyStop::new(patience),
            best: None,
            loss_scale: None,
            seconds: 0.0,
        }
    }

    /// The epoch in progress, from 1.
    pub(super) fn epoch(&self) -> usize {
        self.reports.len() + 1
    }

    /// Whether patience has run out.
    pub(super) fn is_exhausted(&self) -> bool {
        self.early_stop.exhausted(self.reports.len())
    }
}

/// What makes this job the same when it is started again. Neither places nor threads do, nor the size of a batch's
/// parts, nor when the test split is opened.
pub(super) fn identity(job: &TrainJob, start: Option<&StartAdapter>) -> Result<Identity, TrainError> {
    let hash = |path: &std::path::Path| hash_file(path).map_err(TrainError::output(path));
    let facts = Identity::of([
        ("kind", "train".to_owned()),
        ("seed", job.seed.to_string()),
        ("entity_type", job.entity_type.clone().unwrap_or_default()),
        ("objective", format!("{:?}", job.objective)),
        ("train", hash(&job.train)?),
        ("dev", hash(&job.dev)?),
        ("backbone", hash_backbone(&job.backbone).map_err(TrainError::output(&job.backbone))?),
    ]);
    let of_start = |start: &StartAdapter| {
        let hashes = start.files().map(|path| hash(&path));
        hashes.into_iter().collect::<Result<String, _>>()
    };
    let start = start.map(of_start).transpose()?.map(|hashes| ("start_adapter", hashes));
    Ok(facts.with(start).with_object("params", &job.params))
}

/// Groups of tensors in the file.
const TRAINED: &str = "trained/";
const FIRST: &str = "first/";
const SECOND: &str = "second/";
const BEST: &str = "best/";

/// The checkpoint of a training.
pub(super) fn checkpoint(
    progress: &Progress,
    stepper: &Stepper<'_>,
    best: &BTreeMap<String, Trained>,
) -> Result<Checkpoint<Progress>, TrainError> {
    let mut tensors = BTreeMap::new();
    for (name, moments) in stepper.moments() {
        let flat = |values: &[f32]| (vec![values.len()], values.to_vec());
        tensors.insert(format!("{FIRST}{name}"), flat(&moments.first));
        tensors.insert(format!("{SECOND}{name}"), flat(&moments.second));
    }
    tensors
        .extend(stepper.snapshot()?.into_iter().map(|(name, tensor)| (format!("{TRAINED}{name}"), tensor)));
    tensors.extend(best.iter().map(|(name, tensor)| (format!("{BEST}{name}"), tensor.clone())));
    let state = Progress { loss_scale: stepper.loss_scale(), ..progress.clone() };
    Ok(Checkpoint { state, tensors })
}

/// Puts a checkpoint back into the stepper; returns where the training stands and the best epoch's tensors.
pub(super) fn take_up(
    checkpoint: Checkpoint<Progress>,
    stepper: &mut Stepper<'_>,
) -> Result<(Progress, BTreeMap<String, Trained>), TrainError> {
    let Checkpoint { state, tensors } = checkpoint;
    let (mut trained, mut best) = (BTreeMap::new(), BTreeMap::new());
    let mut moments: BTreeMap<String, Moments> = BTreeMap::new();
    for (name, tensor) in tensors {
        if let Some(name) = name.strip_prefix(TRAINED) {
            trained.insert(name.to_owned(), tensor);
        } else if let Some(name) = name.strip_prefix(BEST) {
            best.insert(name.to_owned(), tensor);
        } else if let Some(name) = name.strip_prefix(FIRST) {
            moments.entry(name.to_owned()).or_default().first = tensor.1;
        } else if let Some(name) = name.strip_prefix(SECOND) {
            moments.entry(name.to_owned()).or_default().second = tensor.1;
        }
    }
    stepper.restore(&trained)?;
    stepper.resume(state.step, moments, state.loss_scale);
    Ok((state, best))
}
