//! NVML, asked through nvml-wrapper.
//!
//! Owns which call tells what, and what is asked of a MIG instance's GPU because NVML does not tell it of the instance.

use std::path::Path;
use std::sync::Arc;

use nvml_wrapper::enum_wrappers::device::{EccCounter, MemoryError, TemperatureSensor};
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::ProcessInfo;
use nvml_wrapper::{Device, Nvml as Library};

use super::{Gpu, GpuFault, GpuProbe, Journal, Occupant, Reading, Usage, watcher};

/// How NVML says that a GPU is in MIG mode.
const MIG_ENABLED: u32 = 1;

/// NVML, loaded.
#[derive(Debug)]
pub(super) struct Nvml {
    library: Arc<Library>,
}

/// Loads NVML from a file, or the system's.
pub(super) fn load(library: Option<&Path>) -> Result<Nvml, NvmlError> {
    let loaded = match library {
        Some(path) => Library::builder().lib_path(path.as_os_str()).init(),
        None => Library::init(),
    };
    Ok(Nvml { library: Arc::new(loaded?) })
}

fn failed(doing: &'static str) -> impl Fn(NvmlError) -> GpuFault {
    move |source| GpuFault { doing, source }
}

/// The GPUs that answer, as they lie on the bus.
fn chips(library: &Library) -> Result<Vec<Device<'_>>, NvmlError> {
    let mut found = Vec::new();
    for index in 0..library.device_count()? {
        match library.device_by_index(index).and_then(|device| device.uuid().map(|_| device)) {
            Ok(device) => found.push(device),
            Err(error) => tracing::warn!(index, %error, "a GPU does not answer NVML and is left out"),
        }
    }
    Ok(found)
}

/// What of a GPU a process can be given: its instances in MIG mode, else itself.
fn parts<'a>(chip: Device<'a>) -> Vec<Device<'a>> {
    // Drivers and GPUs that do not know MIG refuse the question.
    if !chip.mig_mode().is_ok_and(|mode| mode.current == MIG_ENABLED) {
        return vec![chip];
    }
    let most = chip.mig_device_count().unwrap_or(0);
    let instances: Vec<Device<'a>> = (0..most).filter_map(|i| chip.mig_device_by_index(i).ok()).collect();
    if instances.is_empty() {
        let uuid = chip.uuid().unwrap_or_default();
        tracing::warn!(
            gpu.uuid = uuid,
            "a GPU in MIG mode has no instance, so that nothing of it can be used; make some: `nvidia-smi mig -cgi PROFILE -C`"
        );
    }
    instances
}

/// The GPU or instance of this UUID.
pub(super) fn find<'a>(library: &'a Library, uuid: &str) -> Result<Device<'a>, NvmlError> {
    match library.device_by_uuid(uuid) {
        // NVML documents this answer for the case that *any* GPU is lost, not only the one that is looked for.
        Err(NvmlError::GpuLost) => {
            let mut all = chips(library)?.into_iter().flat_map(parts);
            all.find(|device| device.uuid().is_ok_and(|own| own == uuid)).ok_or(NvmlError::GpuLost)
        }
        found => found,
    }
}

fn describe(device: &Device<'_>, parent: Option<String>) -> Result<Gpu, GpuFault> {
    Ok(Gpu {
        uuid: device.uuid().map_err(failed("read a GPU's UUID"))?,
        name: device.name().map_err(failed("read a GPU's name"))?,
        memory_bytes: device.memory_info().map_err(failed("read a GPU's memory"))?.total,
        parent,
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
        for chip in chips(&self.library).map_err(failed("count the GPUs"))? {
            let own = chip.uuid().map_err(failed("read a GPU's UUID"))?;
            for part in parts(chip) {
                let gpu = describe(&part, None)?;
                let parent = (gpu.uuid != own).then(|| own.clone());
                gpus.push(Gpu { parent, ..gpu });
            }
        }
        Ok(gpus)
    }

    fn usage(&self, uuid: &str) -> Result<Usage, GpuFault> {
        let device = find(&self.library, uuid).map_err(failed("find the GPU again"))?;
        let running = device.running_compute_processes().map_err(failed("list the GPU's processes"))?;
        let occupant = |process: ProcessInfo| Occupant {
            pid: process.pid,
            name: self.library.sys_process_name(process.pid, 64).ok(),
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
        let device = match find(&self.library, uuid) {
            Ok(device) => device,
            Err(error) => return Reading { lost: matches!(error, NvmlError::GpuLost), ..Reading::default() },
        };
        let utilisation = device.utilization_rates().ok().map(|rates| rates.gpu);
        // Of an instance NVML tells none of the following.
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

    fn watch(&self, journal: &Arc<Journal>) {
        match self.inventory() {
            Ok(gpus) => watcher::start(&self.library, &gpus, journal),
            Err(error) => tracing::warn!(%error, "the GPUs are not watched"),
        }
    }

    fn absence(&self) -> String {
        "NVML lists none that can be used".into()
    }
}
