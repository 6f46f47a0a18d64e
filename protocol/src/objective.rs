//! What a study optimises: a metric, a goal, and the protocol under which entities are scored.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The metric of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Which metric.
    pub name: MetricName,
    /// Which direction is better.
    pub goal: Goal,
    /// Which entities count.
    #[serde(default)]
    pub protocol: ScoringProtocol,
}

/// A metric that trials report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetricName {
    /// Micro-averaged entity F1 on dev, of the best epoch.
    DevF1,
}

impl MetricName {
    /// The name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DevF1 => "dev_f1",
        }
    }
}

/// Which direction is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Higher is better.
    Maximize,
    /// Lower is better.
    Minimize,
}

/// Which entities count when predictions are scored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScoringProtocol {
    /// An entity opens with `B-`; orphan `I-` runs are no entities.
    #[default]
    Strict,
    /// An orphan `I-` or a change of type opens an entity.
    Conlleval,
}

impl ScoringProtocol {
    /// The name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Conlleval => "conlleval",
        }
    }
}
