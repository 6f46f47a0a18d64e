//! Everything about one run: what its trainer was given, its attempts, reports and result.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::dapt::{DaptReport, DaptSummary};
use crate::lease::TrainedModel;
use crate::params::{ParamValues, Scalar};
use crate::report::{AttemptReport, EpochReport, RunSummary, TestSummary};
use crate::run::{AttemptRecord, Run};
use crate::suggestion::Record;

/// Everything about one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunDetail {
    /// The run.
    pub run: Run,
    /// Name of its study or pretraining.
    pub queue_name: String,
    /// Attempts, oldest first.
    pub attempts: Vec<AttemptRecord>,
    /// What only runs of its kind have.
    pub work: RunWork,
}

/// What a run has by its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RunWork {
    /// A trial or a final run.
    Train(Box<TrainDetail>),
    /// The run of a pretraining.
    Adapt(AdaptDetail),
    /// A test run.
    Test(TestDetail),
}

/// What only trials and final runs have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrainDetail {
    /// The parameters that the study fixes.
    #[schema(value_type = std::collections::BTreeMap<String, Scalar>)]
    pub fixed: ParamValues,
    /// How the parameters were proposed; enough to compute them again. Trials only.
    pub suggestion: Option<Record>,
    /// Epoch reports of the newest attempt, by epoch.
    pub reports: Vec<AttemptReport<EpochReport>>,
    /// The result, once completed.
    pub summary: Option<RunSummary>,
}

/// What only the run of a pretraining has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AdaptDetail {
    /// Epoch reports of the newest attempt, by epoch.
    pub reports: Vec<AttemptReport<DaptReport>>,
    /// The result, once completed.
    pub summary: Option<DaptSummary>,
}

/// What only a test run has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TestDetail {
    /// The models that meet the test split.
    pub models: Vec<TrainedModel>,
    /// The result, once completed.
    pub summary: Option<TestSummary>,
}

/// The epoch reports of one attempt, by the kind of its run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RunReports {
    /// Of a trial or a final run.
    Train {
        /// The reports, by epoch.
        items: Vec<AttemptReport<EpochReport>>,
    },
    /// Of the run of a pretraining.
    Adapt {
        /// The reports, by epoch.
        items: Vec<AttemptReport<DaptReport>>,
    },
    /// Of a test run, which has no epochs.
    Test,
}

impl RunDetail {
    /// The part of a trial or final run; `None` for any other.
    pub const fn training(&self) -> Option<&TrainDetail> {
        match &self.work {
            RunWork::Train(detail) => Some(detail),
            RunWork::Adapt(_) | RunWork::Test(_) => None,
        }
    }

    /// The part of a pretraining's run; `None` for any other.
    pub const fn pretraining(&self) -> Option<&AdaptDetail> {
        match &self.work {
            RunWork::Train(_) | RunWork::Test(_) => None,
            RunWork::Adapt(detail) => Some(detail),
        }
    }
}
