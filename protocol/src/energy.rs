//! The energy that an attempt used, and how it is known.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The energy that a GPU used while an attempt held it. The attempt's preparation is included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Energy {
    /// Joules.
    pub joules: f64,
    /// How it is known.
    pub source: EnergySource,
}

/// How an energy is known, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "energy_source", rename_all = "snake_case")
)]
pub enum EnergySource {
    /// By the GPU's own counter.
    Counter,
    /// Summed up from readings of its power.
    Sampled,
    /// Not measured: its power limit times the time. An upper bound.
    Tdp,
    /// The attempt held a MIG instance, and this is the energy of the whole GPU: an upper bound. NVML measures no single
    /// instance.
    Shared,
}

impl EnergySource {
    /// The words in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Sampled => "sampled power",
            Self::Tdp => "power limit, an upper bound",
            Self::Shared => "whole GPU of a MIG instance, an upper bound",
        }
    }
}
