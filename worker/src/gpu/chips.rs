//! Which GPUs and MIG instances NVML lists, and how one is found again by its UUID.

use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};

/// How NVML says that a GPU is in MIG mode.
const MIG_ENABLED: u32 = 1;

/// The GPUs that answer, as they lie on the bus, with their indices. One that this process may not touch has none: CUDA
/// does not count it either.
pub(super) fn chips(library: &Nvml) -> Result<Vec<(usize, Device<'_>)>, NvmlError> {
    let mut found = Vec::new();
    let mut index = 0;
    for place in 0..library.device_count()? {
        match library.device_by_index(place).and_then(|device| device.uuid().map(|_| device)) {
            Ok(device) => found.push((index, device)),
            Err(NvmlError::NoPermission) => continue,
            Err(error) => tracing::warn!(index, %error, "a GPU does not answer NVML and is left out"),
        }
        index += 1;
    }
    Ok(found)
}

/// The parts of a GPU that a process can be given: its instances in MIG mode, else the GPU itself.
pub(super) fn parts<'a>(chip: Device<'a>) -> Vec<Device<'a>> {
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
pub(super) fn find<'a>(library: &'a Nvml, uuid: &str) -> Result<Device<'a>, NvmlError> {
    match library.device_by_uuid(uuid) {
        // NVML documents this answer for the case that *any* GPU is lost, not only the one asked for.
        Err(NvmlError::GpuLost) => search(library, uuid),
        found => found,
    }
}

/// Looks through all GPUs and instances.
fn search<'a>(library: &'a Nvml, uuid: &str) -> Result<Device<'a>, NvmlError> {
    let is_it = |device: &Device<'_>| device.uuid().is_ok_and(|own| own == uuid);
    for (_, chip) in chips(library)? {
        if is_it(&chip) {
            return Ok(chip);
        }
        if let Some(part) = parts(chip).into_iter().find(is_it) {
            return Ok(part);
        }
    }
    Err(NvmlError::GpuLost)
}
