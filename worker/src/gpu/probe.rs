//! The questions about GPUs, and the types of the answers.

use std::fmt;
use std::sync::Arc;

use nvml_wrapper::error::NvmlError;
use pedigree_mig::Instance;

use super::journal::Journal;
use super::usage::Usage;

/// NVML did not answer as it should.
#[derive(Debug, thiserror::Error)]
#[error("NVML failed to {doing}")]
pub struct GpuFault {
    pub(super) doing: &'static str,
    #[source]
    pub(super) source: NvmlError,
}

/// One GPU, or one MIG instance of a GPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gpu {
    pub(crate) uuid: String,
    pub(crate) name: String,
    /// Why it cannot be used, where it does not tell its memory: nobody could see whether it is free.
    pub(crate) memory_bytes: Result<u64, String>,
    /// UUID of the GPU of which this is a MIG instance.
    pub(crate) parent: Option<String>,
    /// NVML's index of the GPU, or of that of which it is an instance, among those that this process may see.
    pub(crate) index: usize,
    /// The numbers of an instance, where the driver tells them.
    pub(crate) instance: Option<Instance>,
}

impl Gpu {
    /// UUID of the whole GPU.
    pub(crate) fn chip(&self) -> &str {
        self.parent.as_deref().unwrap_or(&self.uuid)
    }
}

/// What a GPU counts and shows; `None` where it does not say.
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
    /// Part of the last sample period in which a kernel ran, percent. NVML does not tell it about a MIG instance.
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
    /// All GPUs that answer, by NVML's index; a GPU in MIG mode as its instances.
    fn inventory(&self) -> Result<Vec<Gpu>, GpuFault>;
    /// What sits on one.
    fn usage(&self, uuid: &str) -> Result<Usage, GpuFault>;
    /// What one counts and shows.
    fn reading(&self, uuid: &str) -> Reading;
    /// Writes the faults of these GPUs into a journal, for as long as somebody holds it.
    fn watch(&self, gpus: &[Gpu], journal: &Arc<Journal>);
    /// Why there may be no GPU, for a message.
    fn absence(&self) -> String;
    /// Whether a driver is here, and does not work.
    fn is_broken(&self) -> bool {
        false
    }
}
