//! Pretraining: one backbone is adapted to raw text (domain-adaptive pretraining), before any study on it.
//!
//! A pretraining stands in the queue beside studies and has one run of kind `dapt`. Owns what is asked for, what the
//! attempts report and what is left. The trainer names the parameters.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::artifact::ArtifactFile;
use crate::id::PretrainingId;
use crate::params::{ParamValues, Scalar};
use crate::queue::lost_retries;
use crate::resources::{Hold, Resources};
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
    /// Name under which the adapted backbone is registered when the pretraining completes. Studies can be queued for it
    /// at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<String>,
    /// Seed of order, masks, dropout and initial values.
    pub seed: u32,
    /// Further attempts after failures whose cause allows one.
    pub retries: u32,
    /// Further attempts after its worker was lost.
    #[serde(default = "lost_retries")]
    pub lost_retries: u32,
    /// Among entries of the queue that wait for the same devices, the highest priority goes first.
    #[serde(default)]
    pub priority: i32,
    /// What is asked of a device.
    #[serde(default)]
    pub resources: Resources,
}

/// How well masked pieces of the held-out text are predicted. The masks are the same in every measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HeldOutScores {
    /// exp of the mean negative log-likelihood of masked pieces. Comparable only within one vocabulary.
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
    /// Its id.
    pub id: PretrainingId,
    /// What was asked for.
    pub spec: DaptSpec,
    /// Its run, whose state is its own.
    pub run: Run,
    /// Whether it is paused.
    #[serde(default)]
    pub hold: Hold,
    /// Its priority now.
    #[serde(default)]
    pub priority: i32,
    /// Name of the token that created it: its run counts to that user's share of the devices.
    #[serde(default)]
    pub owner: Option<String>,
    /// Why its run is not given out, where it waits.
    #[serde(default)]
    pub waits: Option<String>,
    /// The result, once completed.
    pub summary: Option<DaptSummary>,
    /// Files of the adapter, once completed.
    pub adapter: Vec<ArtifactFile>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}
