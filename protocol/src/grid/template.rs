//! What every cell's study has in common.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::method::Method;
use crate::objective::Metric;
use crate::params::{ParamValues, Scalar};
use crate::pruner::Pruner;
use crate::queue::lost_retries;
use crate::resources::Resources;
use crate::space::Space;
use crate::study::Transfer;

/// What every cell's study has in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyTemplate {
    /// How trials are proposed.
    pub method: Method,
    /// What is optimised.
    pub metric: Metric,
    /// The space that is searched.
    #[schema(value_type = Vec<crate::space::Dimension>)]
    pub parameters: Space,
    /// Parameters that do not vary, by the trainer's names.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Scalar>)]
    pub fixed: ParamValues,
    /// When a trial is ended because others did better.
    #[serde(default)]
    pub pruner: Pruner,
    /// Whether finished cells of the same dataset or the same backbone help the first trials.
    #[serde(default)]
    pub transfer: Transfer,
    /// Trials of a cell in total.
    pub trials: u32,
    /// Trials of a cell open at a time.
    pub max_concurrent: u32,
    /// What is asked of a device.
    #[serde(default)]
    pub resources: Resources,
    /// Further attempts of a run after failures whose cause allows one.
    pub retries: u32,
    /// Further attempts of a run after its worker was lost.
    #[serde(default = "lost_retries")]
    pub lost_retries: u32,
    /// Further attempts after failures in all runs of a cell together; as many as `trials`, at least 10, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub study_retries: Option<u32>,
}
