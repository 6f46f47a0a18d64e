//! Metrics: what an epoch reports and what a finished run leaves.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{Attempt, RunId};
use crate::objective::ScoringProtocol;

/// A report with the attempt that made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttemptReport<M> {
    /// The attempt.
    pub attempt: Attempt,
    /// When the coordinator stored it.
    pub received_at: DateTime<Utc>,
    /// The metrics of one epoch.
    pub metrics: M,
}

/// Metrics of one epoch of one attempt. Idempotent by (run, attempt, epoch).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EpochReport {
    /// Epoch, from 1.
    pub epoch: i32,
    /// Optimiser steps since the start of training.
    pub step: i64,
    /// Mean training loss of the epoch, label smoothing included.
    pub train_loss: f64,
    /// Mean cross-entropy on dev, no smoothing.
    pub dev_loss: f64,
    /// Dev scores.
    pub dev: ProtocolScores,
    /// Learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// Mean gradient norm before clipping.
    pub gradient_norm: f64,
    /// Wall seconds, evaluation included.
    pub seconds: f64,
    /// Wall seconds of the training part.
    pub train_seconds: f64,
    /// Training sentences per second.
    pub sentences_per_second: f64,
    /// Real (non-padding) pieces per second.
    pub tokens_per_second: f64,
    /// Pieces per second, padding included.
    pub padded_tokens_per_second: f64,
    /// Highest resident memory of the trainer so far, bytes.
    pub peak_memory_bytes: i64,
    /// An earlier attempt trained this epoch; this one took it over with the checkpoint. Time and energy of such an
    /// epoch belong to the attempt that trained it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub carried: bool,
}

/// Entity scores by protocol.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProtocolScores {
    /// An entity opens with `B-`.
    pub strict: EntityScore,
    /// Orphan `I-` open entities.
    pub conlleval: EntityScore,
    /// Every piece of a word counted as a word: not comparable with the other two. Absent in reports of older trainers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtoken_all: Option<EntityScore>,
}

impl ProtocolScores {
    /// The scores under one protocol.
    pub const fn under(&self, protocol: ScoringProtocol) -> EntityScore {
        match protocol {
            ScoringProtocol::Strict => self.strict,
            ScoringProtocol::Conlleval => self.conlleval,
        }
    }
}

/// Micro-averaged exact-match entity scores with their counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EntityScore {
    /// 0..1
    pub precision: f64,
    /// 0..1
    pub recall: f64,
    /// 0..1
    pub f1: f64,
    /// Entities with the right boundaries and type.
    pub true_positives: i64,
    /// Predicted entities that are not gold.
    pub false_positives: i64,
    /// Gold entities that were not predicted.
    pub false_negatives: i64,
}

/// Scores on the test split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TestScores {
    /// Over all entity types.
    pub overall: ProtocolScores,
    /// By entity type.
    pub per_type: BTreeMap<String, ProtocolScores>,
    /// Sentences of the split.
    pub sentences: i64,
    /// Sentences that needed more than one window.
    pub windowed_sentences: i64,
    /// Words whose predicted tag is an `I-` that continues nothing.
    pub orphan_tags: i64,
}

/// One model's scores on the test split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TestResult {
    /// The run that trained the model.
    pub run_id: RunId,
    /// Seed of that training.
    pub seed: i64,
    /// The scores.
    pub scores: TestScores,
}

impl TestResult {
    /// The mean F1 over all types; `None` where there is no result.
    pub fn mean_f1(results: &[Self], protocol: ScoringProtocol) -> Option<f64> {
        let sum: f64 = results.iter().map(|result| result.scores.overall.under(protocol).f1).sum();
        #[expect(clippy::cast_precision_loss, reason = "a handful of models")]
        (!results.is_empty()).then(|| sum / results.len() as f64)
    }
}

/// The result of a completed test run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TestSummary {
    /// The scores of each model, in the order in which the run was given them.
    pub results: Vec<TestResult>,
    /// Wall seconds of the trainer.
    pub seconds: f64,
    /// Highest resident memory of the trainer, bytes.
    pub peak_memory_bytes: i64,
}

/// The result of a completed run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunSummary {
    /// The epoch whose adapter was kept.
    pub best_epoch: i32,
    /// Epochs trained.
    pub epochs: i32,
    /// Patience ran out before the last epoch.
    pub stopped_early: bool,
    /// Dev F1 of the best epoch under the study's protocol.
    pub objective: f64,
    /// Dev scores of the best epoch.
    pub dev: ProtocolScores,
    /// Mean cross-entropy on dev after the best epoch. Absent in results of older trainers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dev_loss: Option<f64>,
    /// Trainable parameters.
    pub trainable_parameters: i64,
    /// Wall seconds of the trainer.
    pub seconds: f64,
    /// Highest resident memory of the trainer, bytes.
    pub peak_memory_bytes: i64,
}
