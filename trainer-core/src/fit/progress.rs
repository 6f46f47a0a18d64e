//! Where a training stands, as a checkpoint holds it.

use serde::{Deserialize, Serialize};

use super::early_stop::Standing;
use super::epoch::Pass;
use crate::adapter::StartAdapter;
use crate::checkpoint::{Checkpoint, Groups, Identity, hash_backbone, hash_file};
use crate::optim::LossScale;
use crate::step::Stepper;
use crate::values::NamedValues;
use crate::{EpochMetrics, ProtocolScores, ScoringProtocol, TrainError, TrainJob};

/// Everything but tensors that cannot be computed again from the job.
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
    pub(super) best: Option<BestEpoch>,
    /// The factor on the loss, in f16.
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
    pub(super) fn new() -> Self {
        Self {
            reports: Vec::new(),
            batches: 0,
            pass: Pass::default(),
            step: 0,
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
    pub(super) fn is_exhausted(&self, job: &TrainJob) -> bool {
        let epochs = self.reports.len();
        let standing = Standing::after(&self.reports, job.objective);
        standing.is_some_and(|standing| standing.is_exhausted(epochs, job.params.patience))
    }

    /// Whether the best epoch is the one that the reports name. Versions that gave ties to the earlier epoch may have kept
    /// another.
    pub(super) fn holds_the_best(&self, objective: ScoringProtocol) -> bool {
        let standing = Standing::after(&self.reports, objective);
        standing.map(|standing| standing.best) == self.best.map(|best| best.epoch)
    }
}

/// What makes this job the same when it is started again. Paths, threads, the size of a batch's parts and the access to
/// the test split may differ.
pub(super) fn identity(job: &TrainJob, start: Option<&StartAdapter>) -> Result<Identity, TrainError> {
    let hash = |path: &std::path::Path| hash_file(path).map_err(TrainError::output(path));
    let backbone = &job.setup.backbone;
    let facts = Identity::of([
        ("kind", "train".to_owned()),
        ("seed", job.setup.seed.to_string()),
        ("entity_type", job.entity_type.clone().unwrap_or_default()),
        ("objective", format!("{:?}", job.objective)),
        ("train", hash(&job.train)?),
        ("dev", hash(&job.dev)?),
        ("backbone", hash_backbone(backbone).map_err(TrainError::output(backbone))?),
    ]);
    let of_start = |start: &StartAdapter| {
        let hashes = start.files().map(|path| hash(&path));
        hashes.into_iter().collect::<Result<String, _>>()
    };
    let start = start.map(of_start).transpose()?.map(|hashes| ("start_adapter", hashes));
    Ok(facts.with(start).with(columns(job)).with_params(&job.params))
}

/// The columns that are read, where the job names other ones than the usual.
fn columns(job: &TrainJob) -> impl Iterator<Item = (&'static str, String)> {
    let token = job.token_column.filter(|&column| column != 1).map(|column| ("token_column", column));
    let tag = job.tag_column.map(|column| ("tag_column", column));
    token.into_iter().chain(tag).map(|(name, column)| (name, column.to_string()))
}

/// The checkpoint of a training.
///
/// # Errors
/// The device failed.
pub(super) fn checkpoint(
    progress: &Progress,
    stepper: &Stepper<'_>,
    best: &NamedValues,
) -> Result<Checkpoint<Progress>, TrainError> {
    let groups =
        Groups { trained: stepper.snapshot()?, best: best.clone(), moments: stepper.moments().clone() };
    let state = Progress { loss_scale: stepper.loss_scale(), ..progress.clone() };
    Ok(Checkpoint { state, tensors: groups.into_tensors() })
}

/// Where a training stands after it was resumed.
pub(super) struct Resumption {
    pub(super) progress: Progress,
    /// Trained tensors of the best epoch.
    pub(super) best: NamedValues,
}

/// Puts a checkpoint back into the stepper.
///
/// # Errors
/// The device failed.
pub(super) fn resume(
    checkpoint: Checkpoint<Progress>,
    stepper: &mut Stepper<'_>,
) -> Result<Resumption, TrainError> {
    let Checkpoint { state: progress, tensors } = checkpoint;
    let Groups { trained, best, moments } = Groups::of(tensors);
    stepper.restore(&trained)?;
    stepper.resume(progress.step, moments, progress.loss_scale);
    Ok(Resumption { progress, best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_that_kept_the_earlier_of_tied_epochs_is_told_apart() {
        let reports = super::super::early_stop::tests::reports(&[(0.5, 0.3), (0.5, 0.2)]);
        let dev = reports[0].dev;
        let kept = |epoch| Progress {
            reports: reports.clone(),
            best: Some(BestEpoch { epoch, dev }),
            ..Progress::new()
        };
        assert!(kept(2).holds_the_best(ScoringProtocol::Strict));
        assert!(!kept(1).holds_the_best(ScoringProtocol::Strict));
        assert!(Progress::new().holds_the_best(ScoringProtocol::Strict), "no epoch has ended");
        let mut before = serde_json::to_value(kept(2)).unwrap();
        before["early_stop"] = serde_json::json!({"patience": 3, "best": [2, 0.5]});
        assert_eq!(
            serde_json::from_value::<Progress>(before).unwrap(),
            kept(2),
            "its old keys are read over"
        );
    }
}
