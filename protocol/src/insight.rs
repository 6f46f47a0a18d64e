//! What a study shows beside its best trial: which sampler proposed, which donors contributed, which parameters matter.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::params::Scalar;

/// What a study's trials say about its search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StudyInsight {
    /// The sampler of the newest suggestion; absent where there is none.
    pub sampler: Option<SamplerUsed>,
    /// The donors: finished studies that were asked for some suggestion, the heaviest first.
    pub donors: Vec<DonorUsed>,
    /// Completed trials that the importances are computed from.
    pub trials: u32,
    /// With fewer completed trials than this, no importance is given.
    pub fewest: u32,
    /// The searched parameters, the most important first.
    pub parameters: Vec<ParameterInsight>,
}

/// The sampler that made a suggestion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SamplerUsed {
    /// The sampler's name and version.
    pub name: String,
    /// The sampler that `auto` chose.
    pub chosen: Option<String>,
    /// Why, as a clause that follows "because".
    pub why: Option<String>,
}

/// A finished study that was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DonorUsed {
    /// Its name.
    pub study: String,
    /// How far its ranking agreed with this study's when it was asked last, 0 to 1.
    pub weight: f64,
    /// Trials whose configuration came from this study.
    pub given: u32,
}

/// A searched parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ParameterInsight {
    /// Its name.
    pub name: String,
    /// Its share of the importance; absent while too few trials have completed.
    pub importance: Option<f64>,
    /// The end of its range that the best trials press against.
    pub boundary: Option<Boundary>,
}

/// The end of a range that the best trials press against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Boundary {
    /// Which end.
    pub end: RangeEnd,
    /// The best trial's value, which lies there.
    #[schema(value_type = Scalar)]
    pub value: Scalar,
}

/// An end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RangeEnd {
    /// The smallest value.
    Low,
    /// The largest value.
    High,
}
