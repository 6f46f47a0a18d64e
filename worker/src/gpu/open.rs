//! Finds NVML on this host, or shows that there is none.

use std::path::Path;
use std::sync::Arc;

use nvml_wrapper::error::NvmlError;

use super::journal::Journal;
use super::nvml;
use super::probe::{Gpu, GpuFault, GpuProbe, Reading};
use super::usage::Usage;
use crate::error::describe;

/// No NVML on this host.
#[derive(Debug)]
struct Absent {
    why: NvmlError,
}

/// NVML from `library`, which must then work; from the system, where it may be absent, without a path.
pub(crate) fn open(library: Option<&Path>) -> Result<Box<dyn GpuProbe>, GpuFault> {
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
        let probe = open(None)?;
        let seen = |gpu: Gpu| {
            let usage = probe.usage(&gpu.uuid)?;
            Ok(SeenGpu { occupied: usage.foreign(), uuid: gpu.uuid, name: gpu.name })
        };
        probe.inventory()?.into_iter().map(seen).collect()
    };
    look().map_err(|fault| describe(&fault))
}

/// Whether the system's NVML shows a GPU on this host.
pub fn gpu_present() -> bool {
    open(None).is_ok_and(|probe| probe.inventory().is_ok_and(|gpus| !gpus.is_empty()))
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
