//! What a worker offers: its devices, and the hello that lists them.

use std::collections::BTreeMap;

use pedigree_protocol::WorkerId;
use pedigree_protocol::fleet::{Device, DeviceKind, Hello};

use crate::config::Config;
use crate::error::WorkerError;
use crate::gpu::Gpu;

/// Why a GPU is not offered though nothing is wrong with it.
const CPU_ONLY: &str = "this trainer computes on the CPU only";

/// The GPUs and CPU slots of this host.
pub(crate) fn devices(
    gpus: &[Gpu],
    absence: impl Fn() -> String,
    worker: WorkerId,
    config: &Config,
) -> Result<Vec<Device>, WorkerError> {
    if config.cpu_slots == 0 && gpus.is_empty() {
        return Err(WorkerError::NoDevice { why: absence() });
    }
    if config.cpu_slots == 0 && !config.trains_on_gpus {
        let names: Vec<&str> = gpus.iter().map(|gpu| gpu.name.as_str()).collect();
        return Err(WorkerError::CpuOnly { gpus: names.join(", ") });
    }
    let gpus = gpus.iter().map(|gpu| Device {
        uuid: gpu.uuid.clone(),
        kind: DeviceKind::Gpu,
        name: gpu.name.clone(),
        memory_bytes: i64::try_from(gpu.memory_bytes).ok(),
        unavailable: (!config.trains_on_gpus).then(|| CPU_ONLY.to_owned()),
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
