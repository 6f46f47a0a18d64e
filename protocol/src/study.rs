//! Studies: one search over one dataset and one backbone.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::finals::Finals;
use crate::id::{RunId, StudyId};
use crate::method::Method;
use crate::objective::Metric;
use crate::params::{ParamValues, Scalar};
use crate::pruner::Pruner;
use crate::queue::lost_retries;
use crate::resources::{Hold, Resources};
use crate::run::{FailureCause, Run, RunState};
use crate::seal::Seal;
use crate::space::Space;

/// A study as it is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StudySpec {
    /// Unique name.
    pub name: String,
    /// Name of a registered dataset.
    pub dataset: String,
    /// Name of a registered backbone.
    pub backbone: String,
    /// How trials are proposed.
    pub method: Method,
    /// What is optimised.
    pub metric: Metric,
    /// The space that is searched.
    #[schema(value_type = Vec<crate::space::Dimension>)]
    pub parameters: Space,
    /// Parameters that do not vary, by the trainer's names.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, Scalar>)]
    pub fixed: ParamValues,
    /// When a trial is ended because others did better.
    #[serde(default)]
    pub pruner: Pruner,
    /// Whether finished sibling studies help the first trials.
    #[serde(default)]
    pub transfer: Transfer,
    /// What follows the search.
    #[serde(default, rename = "final")]
    pub finals: Finals,
    /// Trials in total, resumes included.
    pub trials: u32,
    /// Trials open at a time.
    pub max_concurrent: u32,
    /// Among entries of the queue that wait for the same devices, the highest priority goes first. From
    /// [`LEAST_PRIORITY`](crate::queue::LEAST_PRIORITY) to [`MOST_PRIORITY`](crate::queue::MOST_PRIORITY).
    #[serde(default)]
    pub priority: i32,
    /// What is asked of a device.
    #[serde(default)]
    pub resources: Resources,
    /// Further attempts of a run after failures whose cause allows one.
    pub retries: u32,
    /// Further attempts of a run after its worker was lost.
    #[serde(default = "lost_retries")]
    pub lost_retries: u32,
    /// Further attempts after failures in all runs of the study together; as many as `trials`, at least 10, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub study_retries: Option<u32>,
    /// Seed of the study: of its suggestions and of its trainings.
    pub seed: u32,
}

impl StudySpec {
    /// Further attempts after failures in all runs of the study together, with its default.
    pub fn study_retries(&self) -> u32 {
        self.study_retries.unwrap_or(self.trials.max(10))
    }
}

/// Whether finished sibling studies (same space and metric, same dataset or same backbone) help the first trials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// The study starts from nothing.
    #[default]
    Off,
    /// The siblings' best configurations come first; then draws near their good ones, as far as they agree.
    Siblings,
}

impl Transfer {
    /// The name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Siblings => "siblings",
        }
    }
}

/// A configuration that is to be tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enqueue {
    /// Names the configuration in its study: the same key again changes nothing.
    pub key: String,
    /// A value for every active parameter of the study's space.
    #[schema(value_type = std::collections::BTreeMap<String, Scalar>)]
    pub params: ParamValues,
}

/// A configuration in the queue of a study, or already a trial of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Enqueued {
    /// Its key.
    pub key: String,
    /// The trial that took it.
    pub number: Option<i32>,
    /// The configuration.
    #[schema(value_type = std::collections::BTreeMap<String, Scalar>)]
    pub params: ParamValues,
}

/// Which failed runs of a study are to be tried again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryFailed {
    /// Runs that failed by one of these causes; all failed runs, where empty.
    #[serde(default)]
    pub causes: Vec<FailureCause>,
}

/// The result of trying a study's failed runs again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Retried {
    /// The study; it is open again where it had failed.
    pub study: Study,
    /// The runs that wait for a worker again.
    pub runs: Vec<Run>,
    /// Why each of the others was left as it is, a sentence each.
    pub left: Vec<String>,
}

/// Which studies a list holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StudyFilter {
    /// Only studies in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<StudyState>,
}

/// The state of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(type_name = "study_state", rename_all = "snake_case"))]
pub enum StudyState {
    /// Trials are proposed and run.
    Searching,
    /// The budget is spent; the final runs are on their way, or wait for a selection among studies.
    Finishing,
    /// The final runs have completed; their models meet the test split.
    Testing,
    /// The test score is sealed, or a selection went to another study.
    Completed,
    /// No trial, or not every final run or test run, could be completed.
    Failed,
    /// Ended by a user.
    Cancelled,
}

impl StudyState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Searching, Self::Finishing, Self::Testing, Self::Completed, Self::Failed, Self::Cancelled];

    /// Whether the study has ended for good.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// A study as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Study {
    /// Its id.
    pub id: StudyId,
    /// What was asked for.
    pub spec: StudySpec,
    /// Its state.
    pub state: StudyState,
    /// Why it failed.
    pub failure: Option<String>,
    /// Whether it is paused.
    #[serde(default)]
    pub hold: Hold,
    /// Its priority now.
    #[serde(default)]
    pub priority: i32,
    /// Name of the token that created it; its runs count towards that user's share of the devices.
    #[serde(default)]
    pub owner: Option<String>,
    /// Why none of its runs is being trained, where one waits.
    #[serde(default)]
    pub waits: Option<String>,
    /// The dataset is synthetic.
    pub synthetic: bool,
    /// How many trials are in each state.
    pub trials: TrialCounts,
    /// The best completed trial.
    pub best: Option<BestTrial>,
    /// The final runs, once queued, by their numbers.
    pub finals: Vec<FinalRun>,
    /// The run that opens the test split, once queued.
    pub test_run: Option<TestRun>,
    /// The final runs fall behind the best trial by more than chance explains: a sentence with the figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// The record of the opened test split.
    pub seal: Option<Seal>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// How many trials of a study are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrialCounts {
    /// Nobody works on them.
    pub waiting: i64,
    /// Leased.
    pub leased: i64,
    /// Running.
    pub running: i64,
    /// Completed.
    pub completed: i64,
    /// Pruned.
    pub pruned: i64,
    /// Failed.
    pub failed: i64,
    /// Cancelled.
    pub cancelled: i64,
}

impl TrialCounts {
    /// Trials that have ended.
    pub const fn ended(&self) -> i64 {
        self.completed + self.pruned + self.failed + self.cancelled
    }
}

/// The best completed trial of a study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BestTrial {
    /// The run.
    pub run_id: RunId,
    /// Number of the trial.
    pub number: i32,
    /// Its value.
    pub value: f64,
    /// Its parameters.
    #[schema(value_type = std::collections::BTreeMap<String, Scalar>)]
    pub params: ParamValues,
}

/// A final run of a study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FinalRun {
    /// The run.
    pub run_id: RunId,
    /// Its number, from 1.
    pub replicate: i32,
    /// Seed of its training.
    pub seed: i64,
    /// Its state.
    pub state: RunState,
    /// The objective's value (best epoch), once completed.
    pub value: Option<f64>,
}

/// The test run of a study.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestRun {
    /// The run.
    pub run_id: RunId,
    /// Its state.
    pub state: RunState,
}
