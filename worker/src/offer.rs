//! What a worker offers: its devices, and the hello that lists them.

use std::collections::BTreeMap;

use pedigree_protocol::WorkerId;
use pedigree_protocol::fleet::{Device, DeviceKind, Hello};

use crate::config::Config;
use crate::error::WorkerError;
use crate::gpu::{Allotted, Gpu, GpuProbe};

/// Why a GPU is not offered though nothing is wrong with it.
const CPU_ONLY: &str = "this trainer computes on the CPU only";

/// The GPUs that this worker may use, and its CPU slots. A GPU that cannot be used is listed with the reason.
pub(crate) fn devices(
    gpus: &[Gpu],
    absence: impl Fn() -> String,
    worker: WorkerId,
    config: &Config,
) -> Result<Vec<Device>, WorkerError> {
    let usable: Vec<&Gpu> = gpus.iter().filter(|gpu| gpu.memory_bytes.is_ok()).collect();
    if config.cpu_slots == 0 && usable.is_empty() {
        return Err(WorkerError::NoDevice { why: absence() });
    }
    if config.cpu_slots == 0 && !config.trains_on_gpus {
        let names: Vec<&str> = usable.iter().map(|gpu| gpu.name.as_str()).collect();
        return Err(WorkerError::CpuOnly { gpus: names.join(", ") });
    }
    let gpus = gpus.iter().map(|gpu| Device {
        uuid: gpu.uuid.clone(),
        kind: DeviceKind::Gpu,
        name: gpu.name.clone(),
        memory_bytes: gpu.memory_bytes.as_ref().ok().and_then(|bytes| i64::try_from(*bytes).ok()),
        unavailable: match &gpu.memory_bytes {
            Err(why) => Some(why.clone()),
            Ok(_) => (!config.trains_on_gpus).then(|| CPU_ONLY.to_owned()),
        },
    });
    let cpus = (0..config.cpu_slots).map(|slot| Device {
        uuid: format!("CPU-{worker}-{slot}"),
        kind: DeviceKind::Cpu,
        name: format!("CPU slot {slot}"),
        memory_bytes: None,
        unavailable: None,
    });
    Ok(gpus.chain(cpus).collect())
}

/// Says in the log which GPUs are left out, and that CPU slots stand in for all of them.
pub(crate) fn say(allotted: &Allotted, absence: &str, config: &Config) {
    for doubt in &allotted.doubts {
        tracing::warn!("{doubt}");
    }
    let unusable = allotted.gpus.iter().filter_map(|gpu| Some((gpu, gpu.memory_bytes.as_ref().err()?)));
    for (gpu, why) in unusable.chain(allotted.left_out.iter().map(|(gpu, why)| (gpu, why))) {
        tracing::warn!(gpu.uuid, gpu.name, why, "a GPU is left out");
    }
    if config.trains_on_gpus && !allotted.gpus.iter().any(|gpu| gpu.memory_bytes.is_ok()) {
        tracing::warn!(
            why = absence,
            slots = config.cpu_slots,
            "no GPU can be used: runs train on CPU slots"
        );
    }
}

/// Why none of the GPUs can be used.
pub(crate) fn absence(allotted: &Allotted, probe: &dyn GpuProbe) -> String {
    let unusable = allotted.gpus.iter().filter_map(|gpu| Some((gpu, gpu.memory_bytes.as_ref().err()?)));
    let all = unusable.chain(allotted.left_out.iter().map(|(gpu, why)| (gpu, why)));
    let said: Vec<String> = all.map(|(gpu, why)| format!("{}: {why}", gpu.uuid)).collect();
    if said.is_empty() { probe.absence() } else { said.join("; ") }
}

/// The hello of a worker with these devices.
pub(crate) fn hello(worker_id: WorkerId, name: Option<String>, devices: Vec<Device>) -> Hello {
    let host = || nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    Hello {
        worker_id,
        name: name.or_else(host).unwrap_or_else(|| "worker".into()),
        pid: nix::unistd::getpid().as_raw(),
        version: env!("CARGO_PKG_VERSION").into(),
        devices,
        remaining_s: None,
        follows: None,
        unfit: Vec::new(),
    }
}

/// The same hello, with the faults that an earlier worker could not tell.
pub(crate) fn with_faults(mut hello: Hello, faults: &BTreeMap<String, String>) -> Hello {
    for device in &mut hello.devices {
        if let Some(sentence) = faults.get(&device.uuid) {
            device.unavailable = Some(sentence.clone());
            hello.unfit.push(device.uuid.clone());
        }
    }
    hello
}
