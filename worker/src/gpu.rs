//! The GPUs of this host: which there are, and whether anything sits on one.
//!
//! Owns what NVML says. Must not know leases or trainers: a GPU that this worker believes idle is idle only if NVML
//! shows no process on it and next to no memory in use.

use std::fmt;
use std::path::Path;

use nvml_wrapper::Nvml as Library;
use nvml_wrapper::enum_wrappers::device::{EccCounter, MemoryError};
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;

const MIB: u64 = 1 << 20;
/// Memory that an idle GPU may show as used: the driver's own, and a desktop's. A CUDA context beside nothing else of
/// an unseen process (containers hide processes from NVML) soon exceeds it.
const IDLE_BYTES: u64 = 1024 * MIB;
/// Memory that may remain after a trainer has gone, beyond what was in use before it came.
const SLACK_BYTES: u64 = 64 * MIB;

/// NVML did not answer as it should.
#[derive(Debug, thiserror::Error)]
#[error("NVML failed to {doing}")]
pub struct GpuFault {
    doing: &'static str,
    #[source]
    source: NvmlError,
}

/// One GPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gpu {
    pub(crate) uuid: String,
    pub(crate) name: String,
    pub(crate) memory_bytes: u64,
}

/// What sits on a GPU.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) processes: Vec<Occupant>,
    pub(crate) used_bytes: u64,
}

/// What a GPU counts and shows; absent where it does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Energy since the driver was loaded, millijoules.
    pub(crate) energy_mj: Option<u64>,
    /// Power now, milliwatts.
    pub(crate) power_mw: Option<u32>,
    /// Most power that it may draw, milliwatts.
    pub(crate) limit_mw: Option<u32>,
    /// Uncorrectable memory errors since the driver was loaded.
    pub(crate) uncorrected: Option<u64>,
    /// It does not answer any more.
    pub(crate) lost: bool,
}

/// A compute process on a GPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Occupant {
    pub(crate) pid: u32,
    pub(crate) name: Option<String>,
    pub(crate) bytes: Option<u64>,
}

/// Where GPUs are looked for.
pub(crate) trait GpuProbe: Send + Sync + fmt::Debug {
    /// All GPUs, by NVML's index.
    fn inventory(&self) -> Result<Vec<Gpu>, GpuFault>;
    /// What sits on one.
    fn usage(&self, uuid: &str) -> Result<Usage, GpuFault>;
    /// What one counts and shows.
    fn reading(&self, uuid: &str) -> Reading;
    /// Why there may be no GPU, for a message.
    fn absence(&self) -> String;
}

/// NVML, loaded.
#[derive(Debug)]
pub(crate) struct Nvml {
    library: Library,
}

/// No NVML on this host.
#[derive(Debug)]
pub(crate) struct Absent {
    why: NvmlError,
}

/// NVML from `library`, which must then work; from the system, where it may be absent, without a path.
pub(crate) fn probe(library: Option<&Path>) -> Result<Box<dyn GpuProbe>, GpuFault> {
    let loaded = match library {
        Some(path) => Library::builder().lib_path(path.as_os_str()).init(),
        None => Library::init(),
    };
    match loaded {
        Ok(library) => Ok(Box::new(Nvml { library })),
        Err(why) if library.is_none() => Ok(Box::new(Absent { why })),
        Err(source) => Err(GpuFault { doing: "load", source }),
    }
}

/// A GPU of this host as somebody who looks sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenGpu {
    /// NVML's UUID.
    pub uuid: String,
    /// Product name.
    pub name: String,
    /// What sits on it, as a sentence.
    pub occupied: Option<String>,
}

/// The GPUs of this host with what sits on them; none where there is no NVML.
///
/// # Errors
/// A sentence, where NVML is there and does not work.
pub fn look_at_gpus() -> Result<Vec<SeenGpu>, String> {
    let look = || -> Result<Vec<SeenGpu>, GpuFault> {
        let probe = probe(None)?;
        let seen = |gpu: Gpu| {
            let usage = probe.usage(&gpu.uuid)?;
            Ok(SeenGpu { occupied: usage.foreign(), uuid: gpu.uuid, name: gpu.name })
        };
        probe.inventory()?.into_iter().map(seen).collect()
    };
    look().map_err(|fault| format!("{fault}: {}", fault.source))
}

/// Whether the system's NVML shows a GPU on this host.
pub fn gpu_present() -> bool {
    probe(None).is_ok_and(|probe| probe.inventory().is_ok_and(|gpus| !gpus.is_empty()))
}

fn failed(doing: &'static str) -> impl Fn(NvmlError) -> GpuFault {
    move |source| GpuFault { doing, source }
}

impl GpuProbe for Nvml {
    fn inventory(&self) -> Result<Vec<Gpu>, GpuFault> {
        let count = self.library.device_count().map_err(failed("count the GPUs"))?;
        (0..count)
            .map(|index| {
                let device = self.library.device_by_index(index).map_err(failed("open a GPU"))?;
                Ok(Gpu {
                    uuid: device.uuid().map_err(failed("read a GPU's UUID"))?,
                    name: device.name().map_err(failed("read a GPU's name"))?,
                    memory_bytes: device.memory_info().map_err(failed("read a GPU's memory"))?.total,
                })
            })
            .collect()
    }

    fn usage(&self, uuid: &str) -> Result<Usage, GpuFault> {
        let device = self.library.device_by_uuid(uuid).map_err(failed("find the GPU again"))?;
        let running = device.running_compute_processes().map_err(failed("list the GPU's processes"))?;
        let processes = running
            .into_iter()
            .map(|process| Occupant {
                pid: process.pid,
                name: self.library.sys_process_name(process.pid, 64).ok(),
                bytes: match process.used_gpu_memory {
                    UsedGpuMemory::Used(bytes) => Some(bytes),
                    UsedGpuMemory::Unavailable => None,
                },
            })
            .collect();
        Ok(Usage {
            processes,
            used_bytes: device.memory_info().map_err(failed("read the GPU's memory"))?.used,
        })
    }

    fn reading(&self, uuid: &str) -> Reading {
        let device = match self.library.device_by_uuid(uuid) {
            Ok(device) => device,
            Err(error) => return Reading { lost: matches!(error, NvmlError::GpuLost), ..Reading::default() },
        };
        Reading {
            energy_mj: device.total_energy_consumption().ok(),
            power_mw: device.power_usage().ok(),
            limit_mw: device.enforced_power_limit().ok(),
            uncorrected: device.total_ecc_errors(MemoryError::Uncorrected, EccCounter::Volatile).ok(),
            lost: false,
        }
    }

    fn absence(&self) -> String {
        "NVML lists none".into()
    }
}

impl GpuProbe for Absent {
    fn inventory(&self) -> Result<Vec<Gpu>, GpuFault> {
        Ok(Vec::new())
    }

    fn usage(&self, _uuid: &str) -> Result<Usage, GpuFault> {
        Err(GpuFault { doing: "find the GPU", source: NvmlError::Uninitialized })
    }

    fn reading(&self, _uuid: &str) -> Reading {
        Reading::default()
    }

    fn absence(&self) -> String {
        format!("NVML: {}", self.why)
    }
}

impl Usage {
    /// Why a GPU that this worker does not use must not be used, as a sentence.
    pub(crate) fn foreign(&self) -> Option<String> {
        if let Some(occupant) = self.processes.first() {
            let others = match self.processes.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            return Some(format!("{occupant}{others} uses the GPU; it is offered again once that has ended"));
        }
        (self.used_bytes > IDLE_BYTES).then(|| {
            let mib = self.used_bytes / MIB;
            format!("{mib} MiB of the GPU are in use by a process that NVML does not show; it is offered again once they are free")
        })
    }

    /// Whether a trainer that found the GPU in the state `before` has left it.
    pub(crate) fn is_back_to(&self, before: &Self) -> bool {
        self.processes.is_empty() && self.used_bytes <= before.used_bytes + SLACK_BYTES
    }
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        if let Some(name) = &self.name {
            write!(f, " ({name})")?;
        }
        match self.bytes {
            Some(bytes) => write!(f, " with {} MiB", bytes / MIB),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "gpu_tests.rs"]
mod tests;
