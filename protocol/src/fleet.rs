//! Workers and the devices that they offer.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gpu::GpuReadingRecord;
use crate::id::{Attempt, RunId, WorkerId};
use crate::resources::Hold;
use crate::run::RunKind;

/// A worker's introduction. The worker repeats it when its devices change or the coordinator has forgotten it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Hello {
    /// Made by the worker at its start.
    pub worker_id: WorkerId,
    /// Name for people; the host's name by default.
    pub name: String,
    /// Process id on its host.
    pub pid: i32,
    /// Version of the binary.
    pub version: String,
    /// What it offers.
    pub devices: Vec<Device>,
    /// Seconds until it must end, such as by its batch job's walltime; absent where nothing limits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_s: Option<u32>,
    /// The earlier worker in the same folder. This one inherits its drain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<WorkerId>,
    /// UUIDs of the devices on which nothing can be computed before they are reset; `unavailable` says why. They are taken
    /// out of use until a user releases them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfit: Vec<String>,
}

/// The coordinator's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Welcome {
    /// How long a lease lasts unless renewed, milliseconds.
    pub lease_ttl_ms: u32,
    /// For how many seconds the worker's token is still taken; absent where it never expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_expires_in_s: Option<u64>,
}

/// A GPU, or a CPU slot that stands in for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Device {
    /// NVML's UUID of the GPU or of its MIG instance (`MIG-...`); `CPU-<worker id>-<slot>` for a CPU slot.
    pub uuid: String,
    /// GPU or CPU slot.
    pub kind: DeviceKind,
    /// Product name.
    pub name: String,
    /// Memory of the device; absent for CPU slots.
    pub memory_bytes: Option<i64>,
    /// Why it is not offered now, such as a foreign process on the GPU.
    pub unavailable: Option<String>,
}

/// What a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(type_name = "device_kind", rename_all = "snake_case"))]
pub enum DeviceKind {
    /// A CUDA GPU or a MIG instance of one, seen through NVML.
    Gpu,
    /// A share of the CPU.
    Cpu,
}

/// A worker as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Worker {
    /// Its id.
    pub id: WorkerId,
    /// Its name.
    pub name: String,
    /// Process id on its host.
    pub pid: i32,
    /// Version of its binary.
    pub version: String,
    /// When it came first.
    pub created_at: DateTime<Utc>,
    /// When the coordinator last heard from it.
    pub last_seen_at: DateTime<Utc>,
    /// It was heard within twice the length of a lease.
    pub alive: bool,
    /// Whether a user drains it.
    #[serde(default)]
    pub hold: Hold,
    /// When it must end.
    #[serde(default)]
    pub available_until: Option<DateTime<Utc>>,
    /// Its devices.
    pub devices: Vec<DeviceRecord>,
    /// The token by which it is known; absent where that is the coordinator's own, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<WorkerToken>,
}

/// A worker's token, as far as others may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkerToken {
    /// Its name.
    pub name: String,
    /// Whether it still opens the door.
    pub state: TokenState,
    /// When it expires, or did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// Whether a token is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// It is.
    Live,
    /// It is, and expires within a week.
    Expiring,
    /// Not any more: its time is over.
    Expired,
    /// Not any more: somebody revoked it.
    Revoked,
}

impl WorkerToken {
    /// What is wrong with it or soon will be, as a sentence; `None` where nothing is.
    pub fn trouble(&self) -> Option<String> {
        let name = &self.name;
        let day = self.expires_at.map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
        match self.state {
            TokenState::Live => None,
            TokenState::Expiring => Some(format!("its token {name} expires at {day}")),
            TokenState::Expired => Some(format!("its token {name} expired at {day}")),
            TokenState::Revoked => Some(format!("its token {name} was revoked")),
        }
    }
}

/// What holds a device, as people call it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holder {
    /// Name of the study, or of the pretraining.
    pub queue_name: String,
    /// Trial, final run or pretraining.
    pub kind: RunKind,
    /// Number of a trial.
    pub number: Option<i32>,
}

/// A device as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeviceRecord {
    /// The device.
    pub device: Device,
    /// The run that holds it.
    pub run_id: Option<RunId>,
    /// The attempt of that run.
    pub attempt: Option<Attempt>,
    /// That run by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// Why it was taken out of use: it failed again and again, or has to be reset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<String>,
    /// Its last readings; GPUs only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<GpuReadingRecord>,
}

/// Which workers a list holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WorkerFilter {
    /// Also workers that were not heard for a week.
    #[serde(default)]
    pub gone: bool,
}
