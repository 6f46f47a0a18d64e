//! The GPUs of this host: which there are, whether anything sits on one, and what befalls them.
//!
//! [`usage`] says whether a GPU is free, `nvml` asks NVML, `watcher` listens to its events, [`fault`] says what an XID
//! means, [`journal`] remembers what befell each GPU, `asker` keeps a hanging driver from holding up the worker. Must not know leases or trainers: a GPU that this worker believes
//! idle is idle only if NVML shows no process on it and next to no memory in use.

mod asker;
#[cfg(test)]
pub(crate) mod fake;
pub(crate) mod fault;
pub(crate) mod journal;
mod nvml;
#[cfg(test)]
mod tests;
mod usage;
mod watcher;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use nvml_wrapper::error::NvmlError;

pub(crate) use asker::Asker;
pub(crate) use journal::Journal;
pub(crate) use usage::{Occupant, Usage};

/// NVML did not answer as it should.
#[derive(Debug, thiserror::Error)]
#[error("NVML failed to {doing}")]
pub struct GpuFault {
    doing: &'static str,
    #[source]
    source: NvmlError,
}

/// One GPU, or one MIG instance of a GPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gpu {
    pub(crate) uuid: String,
    pub(crate) name: String,
    pub(crate) memory_bytes: u64,
    /// UUID of the GPU of which this is a MIG instance.
    pub(crate) parent: Option<String>,
}

/// What a GPU counts and shows; absent where it does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Energy since the driver was loaded, millijoules.
    pub(crate) energy_mj: Option<u64>,
    /// Power now, milliwatts.
    pub(crate) power_mw: Option<u32>,
    /// Most power that it may draw, milliwatts.
    pub(crate) limit_mw: Option<u32>,
    /// Degrees Celsius.
    pub(crate) temperature_c: Option<u32>,
    /// Part of the last sample period in which a kernel ran, percent. NVML does not say it of a MIG instance.
    pub(crate) utilisation_percent: Option<u32>,
    /// Uncorrectable memory errors since the driver was loaded.
    pub(crate) uncorrected: Option<u64>,
    /// It does not answer any more.
    pub(crate) lost: bool,
    /// It is a MIG instance of this GPU: energy, power, temperature and errors are the whole GPU's.
    pub(crate) parent: Option<String>,
}

/// Where GPUs are looked for.
pub(crate) trait GpuProbe: Send + Sync + fmt::Debug {
    /// All GPUs that can be used, by NVML's index; a GPU in MIG mode as its instances.
    fn inventory(&self) -> Result<Vec<Gpu>, GpuFault>;
    /// What sits on one.
    fn usage(&self, uuid: &str) -> Result<Usage, GpuFault>;
    /// What one counts and shows.
    fn reading(&self, uuid: &str) -> Reading;
    /// Writes what befalls the GPUs into a journal, for as long as somebody holds it.
    fn watch(&self, journal: &Arc<Journal>);
    /// Why there may be no GPU, for a message.
    fn absence(&self) -> String;
}

/// No NVML on this host.
#[derive(Debug)]
struct Absent {
    why: NvmlError,
}

/// NVML from `library`, which must then work; from the system, where it may be absent, without a path.
pub(crate) fn probe(library: Option<&Path>) -> Result<Box<dyn GpuProbe>, GpuFault> {
    match nvml::load(library) {
        Ok(nvml) => Ok(Box::new(nvml)),
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

    fn watch(&self, _journal: &Arc<Journal>) {}

    fn absence(&self) -> String {
        format!("NVML: {}", self.why)
    }
}
