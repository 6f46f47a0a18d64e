//! Finds NVML on this host, or shows that there is none.

use std::path::Path;
use std::sync::Arc;

use nvml_wrapper::error::NvmlError;

use super::allotment::{Allotment, Allotted};
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
        Err(source) if library.is_some() => Err(GpuFault { doing: "load", source }),
        loaded => Ok(opened(loaded)),
    }
}

pub(super) fn opened(loaded: Result<nvml::Nvml, NvmlError>) -> Box<dyn GpuProbe> {
    match loaded {
        Ok(nvml) => Box::new(nvml),
        Err(why) => Box::new(Absent { why }),
    }
}

/// The GPUs of this host as somebody who looks sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeenGpus {
    /// There is no NVML, and why that is thought.
    None(String),
    /// NVML or its driver is there and does not work; a sentence.
    Broken(String),
    /// What NVML lists.
    Listed(Vec<SeenGpu>),
}

/// A GPU of this host as somebody who looks sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenGpu {
    /// NVML's UUID.
    pub uuid: String,
    /// Product name.
    pub name: String,
    /// Why a worker that is started with the same allotment does not offer it.
    pub left_out: Option<String>,
    /// What sits on it, or keeps it from answering, as a sentence.
    pub occupied: Option<String>,
}

impl SeenGpus {
    /// The GPUs that a worker here would offer; a sentence where there is none.
    ///
    /// # Errors
    /// Why there is none.
    pub fn offered(&self) -> Result<Vec<&SeenGpu>, String> {
        let gpus = match self {
            Self::None(why) => return Err(format!("there is none: {why}")),
            Self::Broken(why) => return Err(why.clone()),
            Self::Listed(gpus) => gpus,
        };
        let offered: Vec<&SeenGpu> = gpus.iter().filter(|gpu| gpu.left_out.is_none()).collect();
        if !offered.is_empty() {
            return Ok(offered);
        }
        let left_out: Vec<String> = gpus
            .iter()
            .map(|gpu| format!("{}: {}", gpu.uuid, gpu.left_out.as_deref().unwrap_or_default()))
            .collect();
        Err(if left_out.is_empty() { "NVML lists none".to_owned() } else { left_out.join("; ") })
    }
}

/// The GPUs of this host with what sits on them, as a process with this allotment sees them.
pub fn look_at_gpus(allotment: &Allotment) -> SeenGpus {
    let probe = match open(None) {
        Ok(probe) if probe.is_broken() => return SeenGpus::Broken(probe.absence()),
        Ok(probe) => probe,
        Err(fault) => return SeenGpus::Broken(describe(&fault)),
    };
    look(probe.as_ref(), allotment)
}

pub(super) fn look(probe: &dyn GpuProbe, allotment: &Allotment) -> SeenGpus {
    let gpus = match probe.inventory() {
        Ok(gpus) if gpus.is_empty() => return SeenGpus::None(probe.absence()),
        Ok(gpus) => gpus,
        Err(fault) => return SeenGpus::Broken(describe(&fault)),
    };
    let Allotted { gpus, left_out, .. } = match allotment.of(gpus) {
        Ok(allotted) => allotted,
        Err(wrong) => return SeenGpus::Broken(wrong.to_string()),
    };
    let allotted = gpus.into_iter().map(|gpu| {
        let occupied = match probe.usage(&gpu.uuid) {
            Ok(usage) => usage.foreign(),
            Err(fault) => Some(describe(&fault)),
        };
        let left_out = gpu.memory_bytes.err();
        let occupied = occupied.filter(|_| left_out.is_none());
        SeenGpu { uuid: gpu.uuid, name: gpu.name, left_out, occupied }
    });
    let left_out = left_out.into_iter().map(|(gpu, why)| SeenGpu {
        uuid: gpu.uuid,
        name: gpu.name,
        left_out: Some(why),
        occupied: None,
    });
    SeenGpus::Listed(allotted.chain(left_out).collect())
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

    fn watch(&self, _gpus: &[Gpu], _journal: &Arc<Journal>) {}

    fn absence(&self) -> String {
        format!("NVML: {}", self.why)
    }

    fn is_broken(&self) -> bool {
        !matches!(self.why, NvmlError::LibloadingError(_))
    }
}
