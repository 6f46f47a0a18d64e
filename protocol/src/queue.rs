//! What studies and pretrainings have in common where they stand in line for devices.
//!
//! Owns the bounds and defaults of the queue. Knows neither what is searched nor what is trained.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The lowest priority in the queue.
pub const LEAST_PRIORITY: i32 = -100;
/// The highest priority in the queue.
pub const MOST_PRIORITY: i32 = 100;

/// Lost attempts that a run may have by default: a lost attempt is rarely the run's fault.
pub const LOST_RETRIES: u32 = 20;

/// [`LOST_RETRIES`], for serde.
pub(crate) const fn lost_retries() -> u32 {
    LOST_RETRIES
}

/// A new priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Priority {
    /// From [`LEAST_PRIORITY`] to [`MOST_PRIORITY`].
    pub priority: i32,
}
