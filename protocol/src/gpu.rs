//! What NVML shows of a GPU.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::WorkerId;

/// The current readings of a worker's GPUs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GpuReadings {
    /// The worker.
    pub worker_id: WorkerId,
    /// Its GPUs.
    pub gpus: Vec<GpuReading>,
}

/// The readings of a GPU or of a MIG instance. A value that NVML does not have is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GpuReading {
    /// NVML's UUID.
    pub uuid: String,
    /// For a MIG instance, the UUID of its GPU. Temperature, power, limit, errors and incidents are then the whole
    /// GPU's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Memory in use, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_bytes: Option<i64>,
    /// Compute processes on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<i32>,
    /// Share of the last sample period in which a kernel ran, percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utilisation_percent: Option<i32>,
    /// Degrees Celsius.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature_c: Option<i32>,
    /// Power, watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_w: Option<f64>,
    /// The most power that it may draw, watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_limit_w: Option<f64>,
    /// Memory errors that could not be corrected, since the driver was loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncorrected_ecc: Option<i64>,
    /// Its last incident since its worker started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_incident: Option<GpuIncident>,
}

/// An incident on a GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GpuIncident {
    /// As a sentence, such as `XID 79 (the GPU has fallen off the bus)`.
    pub what: String,
    /// The driver's number, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xid: Option<i64>,
    /// Seconds between the incident and the reading.
    pub seconds_ago: i64,
}

/// A reading as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GpuReadingRecord {
    /// When it came.
    pub read_at: DateTime<Utc>,
    /// What was read.
    pub reading: GpuReading,
}
