//! Domain-adaptive pretraining as a run: one backbone, adapted to raw text once, before any study on it.
//!
//! Its run stands in the queue beside those of studies, under the same turns, leases, budgets and ends. Owns what is asked
//! for, what its attempts report and what is left. The parameters' names are the trainer's.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::artifact::ArtifactFile;
use crate::id::{Attempt, StudyId};
use crate::params::{ParamValues, Scalar};
use crate::resources::Resources;
use crate::retry::LOST_RETRIES;
use crate::run::Run;

/// A pretraining as it is asked for. Both texts are uploaded first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DaptSpec {
    /// Unique name, among studies too.
    pub name: String,
    /// Name of a registered backbone without a start adapter.
    pub backbone: String,
    /// Text to train on: one passage a line.
    pub passages: ArtifactFile,
    /// Text to measure on: one passage a line, from other documents.
    pub held_out: ArtifactFile,
    /// The parameters, by the trainer's names; those that are absent have the trainer's defaults.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, Scalar>)]
    pub params: ParamValues,
    /// Seed of order, masks, dropout and initial values.
    pub seed: u32,
    /// Further attempts after failures whose cause allows one.
    pub retries: u32,
    /// Further attempts after its worker was lost.
    #[serde(default = "lost_retries")]
    pub lost_retries: u32,
    /// Of those that wait for the same devices the higher goes first, as for studies.
    #[serde(default)]
    pub priority: i32,
    /// What is asked of a device.
    #[serde(default)]
    pub resources: Resources,
}

const fn lost_retries() -> u32 {
    LOST_RETRIES
}

/// How well masked pieces of the held-out text are predicted. The masks are the same in every measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HeldOutScores {
    /// exp of the mean negative log-likelihood of masked pieces. Comparable for one vocabulary alone.
    pub pseudo_perplexity: f64,
    /// The same likelihood in bits per character of the text.
    pub bits_per_character: f64,
    /// Share of masked pieces whose likeliest prediction is right, 0..1.
    pub masked_accuracy: f64,
    /// Masked pieces.
    pub masked: i64,
}

/// Metrics of one epoch of one attempt. Idempotent by (run, attempt, epoch).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DaptReport {
    /// Epoch, from 1; the last one may be cut short by the number of steps.
    pub epoch: i32,
    /// Optimiser steps of the adapter since its start.
    pub step: i64,
    /// Mean masked-LM loss of the epoch's steps.
    pub train_loss: f64,
    /// The held-out text after the epoch.
    pub held_out: HeldOutScores,
    /// Wall seconds, the measurement included.
    pub seconds: f64,
    /// Real pieces per second of the steps.
    pub tokens_per_second: f64,
    /// Highest resident memory of the trainer so far, bytes.
    pub peak_memory_bytes: i64,
    /// An earlier attempt trained this epoch; this one took it over with the checkpoint.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub carried: bool,
}

/// A report with the attempt that made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DaptAttemptReport {
    /// The attempt.
    pub attempt: Attempt,
    /// When the coordinator stored it.
    pub received_at: DateTime<Utc>,
    /// The metrics.
    pub metrics: DaptReport,
}

/// The result of a completed pretraining.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DaptSummary {
    /// The held-out text without the adapter; under the new head, where one was trained.
    pub before: HeldOutScores,
    /// The same with the adapter: the run's value is its pseudo-perplexity.
    pub after: HeldOutScores,
    /// Optimiser steps of the adapter.
    pub steps: i64,
    /// Optimiser steps of a new head before; 0 where the backbone has one.
    pub head_steps: i64,
    /// Trainable parameters of the adapter.
    pub trainable_parameters: i64,
    /// Wall seconds of the trainer.
    pub seconds: f64,
    /// Highest resident memory of the trainer, bytes.
    pub peak_memory_bytes: i64,
}

/// A pretraining as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Dapt {
    /// Its id: that of its place in the queue, which its run names as its study.
    pub id: StudyId,
    /// What was asked for.
    pub spec: DaptSpec,
    /// Its run, whose state is its own.
    pub run: Run,
    /// Why it is not being trained, where it waits.
    #[serde(default)]
    pub waits: Option<String>,
    /// The result, once completed.
    pub summary: Option<DaptSummary>,
    /// Files of the adapter, once completed.
    pub adapter: Vec<ArtifactFile>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}
