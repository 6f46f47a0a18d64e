//! What can be learnt from a study beside its best trial: who proposed, who donated, what mattered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::params::Scalar;

/// What a study's trials tell about its search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StudyInsight {
    /// Who made the newest suggestion; absent where there is none.
    pub sampler: Option<SamplerUsed>,
    /// Finished studies that counted in some suggestion, the heaviest first.
    pub donors: Vec<DonorUsed>,
    /// Completed trials that the importances rest on.
    pub trials: u32,
    /// Completed trials below which nothing is said of importance.
    pub fewest: u32,
    /// The searched parameters, the most important first.
    pub parameters: Vec<ParameterInsight>,
}

/// Who made a suggestion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SamplerUsed {
    /// The sampler's name and version.
    pub name: String,
    /// Under `auto`: the sampler that it chose.
    pub chosen: Option<String>,
    /// Why, as a clause that goes on after "because".
    pub why: Option<String>,
}

/// A finished study that counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DonorUsed {
    /// Its name.
    pub study: String,
    /// How far its ranking agreed with this study's when it was last asked, 0 to 1.
    pub weight: f64,
    /// Trials whose configuration came from it.
    pub given: u32,
}

/// A searched parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ParameterInsight {
    /// Its name.
    pub name: String,
    /// Its share of the importance; absent while too few trials have completed.
    pub importance: Option<f64>,
    /// The best trials press against an end of its range.
    pub boundary: Option<Boundary>,
}

/// An end of a range that the best trials press against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Boundary {
    /// Which end.
    pub end: RangeEnd,
    /// The best trial's value there.
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
