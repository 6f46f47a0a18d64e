//! NVML, asked through nvml-wrapper.
//!
//! Owns which call answers what, and which answers about a MIG instance are those of its GPU.

use std::path::Path;
use std::sync::Arc;

use nvml_wrapper::Device;
use nvml_wrapper::enum_wrappers::device::{EccCounter, MemoryError, TemperatureSensor};
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::ProcessInfo;
use pedigree_mig::Library;

use super::chips::{chips, find, parts};
use super::journal::Journal;
use super::probe::{Gpu, GpuFault, GpuProbe, Reading};
use super::usage::{Occupant, Usage};
use super::watcher;

/// NVML, loaded.
#[derive(Debug)]
pub(super) struct Nvml {
    library: Arc<Library>,
}

/// Loads NVML from a file, or the system's.
pub(super) fn load(library: Option<&Path>) -> Result<Nvml, NvmlError> {
    Ok(Nvml { library: Arc::new(Library::load(library)?) })
}

fn failed(doing: &'static str) -> impl Fn(NvmlError) -> GpuFault {
    move |source| GpuFault { doing, source }
}

/// A GPU or instance as it describes itself; one question that it does not answer is not the others' fault.
fn describe(library: &Library, device: &Device<'_>, chip: &str, index: usize) -> Result<Gpu, NvmlError> {
    let uuid = device.uuid()?;
    let memory = device.memory_info().map(|memory| memory.total);
    let parent = (uuid != chip).then(|| chip.to_owned());
    Ok(Gpu {
        name: device.name().unwrap_or_else(|_| "a GPU without a name".into()),
        memory_bytes: memory.map_err(|error| format!("NVML does not tell its memory ({error})")),
        instance: parent.as_ref().and_then(|_| library.instance(device).ok()),
        uuid,
        parent,
        index,
    })
}

const fn bytes(process: &ProcessInfo) -> Option<u64> {
    match process.used_gpu_memory {
        UsedGpuMemory::Used(bytes) => Some(bytes),
        UsedGpuMemory::Unavailable => None,
    }
}

impl GpuProbe for Nvml {
    fn inventory(&self) -> Result<Vec<Gpu>, GpuFault> {
        let mut gpus = Vec::new();
        for (index, chip) in chips(self.library.nvml()).map_err(failed("count the GPUs"))? {
            let own = chip.uuid().map_err(failed("read a GPU's UUID"))?;
            for part in parts(chip) {
                match describe(&self.library, &part, &own, index) {
                    Ok(gpu) => gpus.push(gpu),
                    Err(error) => tracing::warn!(gpu.uuid = own, %error, "a part of a GPU is left out"),
                }
            }
        }
        Ok(gpus)
    }

    fn usage(&self, uuid: &str) -> Result<Usage, GpuFault> {
        let device = find(self.library.nvml(), uuid).map_err(failed("find the GPU again"))?;
        let running = device.running_compute_processes().map_err(failed("list the GPU's processes"))?;
        let occupant = |process: ProcessInfo| Occupant {
            pid: process.pid,
            name: self.library.nvml().sys_process_name(process.pid, 64).ok(),
            bytes: bytes(&process),
        };
        // A GPU without a desktop may refuse to tell.
        let desktop = device.running_graphics_processes().unwrap_or_default();
        Ok(Usage {
            processes: running.into_iter().map(occupant).collect(),
            used_bytes: device.memory_info().map_err(failed("read the GPU's memory"))?.used,
            desktop_bytes: desktop.iter().filter_map(bytes).sum(),
        })
    }

    fn reading(&self, uuid: &str) -> Reading {
        let device = match find(self.library.nvml(), uuid) {
            Ok(device) => device,
            Err(error) => return Reading { lost: matches!(error, NvmlError::GpuLost), ..Reading::default() },
        };
        let utilisation = device.utilization_rates().ok().map(|rates| rates.gpu);
        // NVML tells none of the following about an instance.
        let chip = device.mig_is_mig_device_handle().is_ok_and(|is_instance| is_instance);
        let chip = chip.then(|| device.mig_parent_device().ok()).flatten();
        let parent = chip.as_ref().and_then(|chip| chip.uuid().ok());
        let device = chip.unwrap_or(device);
        Reading {
            energy_mj: device.total_energy_consumption().ok(),
            power_mw: device.power_usage().ok(),
            limit_mw: device.enforced_power_limit().ok(),
            temperature_c: device.temperature(TemperatureSensor::Gpu).ok(),
            utilisation_percent: utilisation,
            uncorrected: device.total_ecc_errors(MemoryError::Uncorrected, EccCounter::Volatile).ok(),
            lost: false,
            parent,
        }
    }

    fn watch(&self, gpus: &[Gpu], journal: &Arc<Journal>) {
        watcher::start(&self.library, gpus, journal);
    }

    fn absence(&self) -> String {
        "NVML lists none that can be used".into()
    }
}
