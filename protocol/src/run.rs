//! Runs and attempts: their states, and how they are shown.
//!
//! `waiting → leased → running → completed | pruned | failed | cancelled`; a lost or released lease, or a failure that
//! may be retried, goes back to `waiting` with the next attempt number. The transitions themselves are the
//! coordinator's (`run::machine::step`).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::artifact::ArtifactFile;
use crate::energy::Energy;
use crate::id::{Attempt, QueueId, RunId, WorkerId};
use crate::page::Page;
use crate::params::{ParamValues, Scalar};

/// Which runs of a study a list holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RunFilter {
    /// Only runs in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<RunState>,
    /// Only runs of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub kind: Option<RunKind>,
    /// Only runs that changed after this revision: the `revision` of an earlier answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
}

/// One page of the runs of a study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunPage {
    /// The page.
    #[serde(flatten)]
    pub page: Page<Run>,
    /// The newest change that these runs hold; a later request gives it as `since`.
    pub revision: i64,
    /// Whether the list holds the unchanged runs too: `since` was not given, or the changes since are no longer kept.
    pub all: bool,
}

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(type_name = "run_kind", rename_all = "snake_case"))]
pub enum RunKind {
    /// A domain-adaptive pretraining of a backbone.
    Dapt,
    /// A numbered trial of a study.
    Trial,
    /// The best configuration, trained once more. It never sees the test split.
    Final,
    /// The models of the final runs meet the test split. Only this run opens it.
    Test,
}

/// The state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(type_name = "run_state", rename_all = "snake_case"))]
pub enum RunState {
    /// Nobody works on it.
    Waiting,
    /// A worker holds the lease and prepares.
    Leased,
    /// A trainer is at work.
    Running,
    /// Ended with its best epoch's value.
    Completed,
    /// Ended by a cross-trial pruner.
    Pruned,
    /// Ended without a value.
    Failed,
    /// Ended by a user.
    Cancelled,
}

impl RunState {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Leased,
        Self::Running,
        Self::Completed,
        Self::Pruned,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Whether the run has ended for good.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Pruned | Self::Failed | Self::Cancelled)
    }

    /// Whether a worker holds the run.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Leased | Self::Running)
    }
}

/// The state of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "attempt_state", rename_all = "snake_case")
)]
pub enum AttemptState {
    /// The lease was granted.
    Leased,
    /// The trainer has started.
    Running,
    /// Ended with a result.
    Completed,
    /// Ended by a failure.
    Failed,
    /// The lease ran out.
    Lost,
    /// Handed back by a draining worker.
    Released,
    /// Ended by a user.
    Cancelled,
    /// Ended by a pruner.
    Pruned,
}

impl AttemptState {
    /// The name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Leased => "leased",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::Released => "released",
            Self::Cancelled => "cancelled",
            Self::Pruned => "pruned",
        }
    }
}

/// Why an attempt failed. What follows is [`FailureCause::policy`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "failure_cause", rename_all = "snake_case")
)]
pub enum FailureCause {
    /// Memory ran out.
    Oom,
    /// Loss or gradient became NaN or infinite.
    Diverged,
    /// The corpus or the backbone is wrong: every trial would fail alike.
    InvalidInput,
    /// The trainer died (killed, aborted, or an error of no other class).
    Crashed,
    /// The lease ran out: worker, host or network were lost.
    Lost,
    /// The GPU or its driver failed (ECC, XID, fallen off the bus).
    Device,
    /// The trainer refused the job: parameters that do not go together.
    InvalidJob,
    /// The attempt took longer than its study's walltime.
    Timeout,
    /// The worker's host cannot train: its disk is full, a file cannot be read, a library or the driver is missing.
    Host,
}

impl FailureCause {
    /// All causes.
    pub const ALL: [Self; 9] = [
        Self::Oom,
        Self::Diverged,
        Self::InvalidInput,
        Self::Crashed,
        Self::Lost,
        Self::Device,
        Self::InvalidJob,
        Self::Timeout,
        Self::Host,
    ];
}

/// A run as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The entry of the queue that it belongs to: the id of its study or pretraining.
    pub queue_id: QueueId,
    /// What it is for.
    pub kind: RunKind,
    /// Number within the study, from 1; trials only.
    pub number: Option<i32>,
    /// Number among the study's final runs, from 1; final runs only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicate: Option<i32>,
    /// Its state.
    pub state: RunState,
    /// Attempts granted so far; the newest attempt's number (0: none yet).
    pub attempt: Attempt,
    /// The searched parameters; all of a pretraining's.
    #[schema(value_type = std::collections::BTreeMap<String, Scalar>)]
    pub params: ParamValues,
    /// The objective's value (best epoch), once completed; a pretraining's pseudo-perplexity on held-out text; of a test
    /// run, the mean test score of its models.
    pub value: Option<f64>,
    /// The objective's value of the best epoch reported so far by the newest attempt.
    pub best_so_far: Option<f64>,
    /// Epochs reported by the newest attempt.
    pub epochs: i32,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// A user paused it: it waits and is not given out.
    #[serde(default)]
    pub paused: bool,
    /// A user cancelled it: its worker has not heard of it yet.
    #[serde(default)]
    pub cancelling: bool,
    /// When it was proposed.
    pub created_at: DateTime<Utc>,
    /// When its newest attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Why a run or attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// As a class.
    pub cause: FailureCause,
    /// As a sentence.
    pub message: String,
    /// What decided the class: the line of the log, the exit code or the signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

impl Failure {
    /// A failure whose sentence says all there is.
    pub fn new(cause: FailureCause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into(), evidence: None }
    }
}

/// One try at a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttemptRecord {
    /// Its number.
    pub attempt: Attempt,
    /// The worker that held the lease.
    pub worker_id: WorkerId,
    /// That worker's name.
    pub worker_name: String,
    /// UUID of the GPU (or CPU slot) that was leased.
    pub device_uuid: String,
    /// Its state.
    pub state: AttemptState,
    /// Why it ended, where it did not complete.
    pub failure: Option<Failure>,
    /// What followed from the failure: whether, where and when the run is tried again, or why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequence: Option<String>,
    /// Why the study's pruner ended the trial.
    pub prune_reason: Option<String>,
    /// When the lease was granted.
    pub leased_at: DateTime<Utc>,
    /// When the trainer started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When the lease ends unless it is renewed; live attempts only.
    pub lease_expires_at: Option<DateTime<Utc>>,
    /// What its GPU took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy: Option<Energy>,
    /// What it left behind.
    pub artifacts: Vec<ArtifactFile>,
}

/// A piece of an attempt's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogSlice {
    /// The attempt whose log it is.
    pub attempt: Attempt,
    /// Byte offset of `text` in the log.
    pub offset: i64,
    /// Offset to ask for next.
    pub next_offset: i64,
    /// The text.
    pub text: String,
}
