//! This worker as a member of the coordinator's fleet: hello, one task per device, drain.
//!
//! Owns the start, the end and what all slots share. Must not know what an attempt does.

use std::sync::Arc;

use pedigree_protocol::WorkerId;
use pedigree_protocol::client::Client;
use pedigree_protocol::fleet::{Device, DeviceKind, Hello};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::artifacts::Cache;
use crate::attempt_folder::WorkerFolder;
use crate::backoff::Backoff;
use crate::config::Config;
use crate::drain::{self, Drain};
use crate::error::WorkerError;
use crate::gpu::{self, Gpu, GpuProbe, Journal};
use crate::host::{Host, Trainer};
use crate::left_over;
use crate::readings::{self, Gauges};
use crate::roster::Roster;
use crate::serve::serve;
use crate::slot::Slot;

/// Why a GPU is not offered though nothing is wrong with it.
const CPU_ONLY: &str = "this trainer computes on the CPU only";

/// Offers this host's devices to the coordinator and works until `shutdown`; then hands back what is running and
/// returns. An absent coordinator is waited for.
///
/// # Errors
/// Only what waiting cannot mend: no device, an unusable folder, a refused token.
pub async fn run(
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), WorkerError> {
    let ends = config.walltime.map(drain::end_of);
    let drain = Drain::default();
    let _watch = AbortOnDropHandle::new(tokio::spawn(drain.clone().begin_after(shutdown, ends)));
    let folder = config.folder.clone();
    let (host, slots, gauges) = open(config, ends)?;
    // Before anything is claimed: what lies there now is an earlier worker's.
    let left_over = host.folder.left_over();
    let left_over = left_over.map_err(|source| WorkerError::Folder { path: folder, source })?;
    tokio::select! {
        biased;
        () = drain.begun.cancelled() => return Ok(()),
        heard = first_hello(&host) => heard?,
    }
    let host = Arc::new(host);
    let mut tasks = JoinSet::new();
    for (grant, folder) in left_over {
        tasks.spawn(left_over::settle(Arc::clone(&host), grant, folder, drain.clone()));
    }
    for slot in slots {
        tasks.spawn(serve(slot, Arc::clone(&host), drain.clone()));
    }
    tasks.spawn(readings::tell(gauges, Arc::clone(&host), drain.clone()));
    let mut outcome = Ok(());
    while let Some(ended) = tasks.join_next().await {
        if let Err(panic) = ended {
            drain.begun.cancel();
            outcome = Err(WorkerError::SlotDied(panic));
        }
    }
    outcome
}

fn open(config: Config, ends: Option<Instant>) -> Result<(Host, Vec<Slot>, Gauges), WorkerError> {
    let probe: Arc<dyn GpuProbe> = gpu::open(config.nvml_library.as_deref())?.into();
    let worker_id = WorkerId::new();
    let gpus = probe.inventory()?;
    let devices = devices(&gpus, || probe.absence(), worker_id, &config)?;
    let journal = Arc::new(Journal::default());
    probe.watch(&journal);
    let offered: Vec<Device> =
        devices.iter().filter(|device| device.unavailable.is_none()).cloned().collect();
    let mut trainer = config.trainer.iter().cloned();
    let trainer = Trainer {
        program: trainer.next().ok_or(WorkerError::NoTrainer)?.into(),
        arguments: trainer.collect(),
        threads: config.threads_for(offered.len()),
    };
    let folder = WorkerFolder::open(&config.folder)?;
    let client = Client::new(&config.server, config.token);
    let cache = Cache::open(client.clone(), &config.folder)
        .map_err(|source| WorkerError::Folder { path: config.folder, source })?;
    let roster = Roster::new(client.clone(), hello(worker_id, config.name, devices), ends);
    let slot = |device| Slot::new(device, Arc::clone(&probe), Arc::clone(&journal));
    let slots = offered.into_iter().map(slot).collect();
    let uuids = gpus.into_iter().map(|gpu| gpu.uuid).collect();
    let gauges = Gauges::new(uuids, Arc::clone(&probe), journal);
    Ok((Host { client, roster, cache, folder, trainer }, slots, gauges))
}

fn devices(
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

fn hello(worker_id: WorkerId, name: Option<String>, devices: Vec<Device>) -> Hello {
    let host = || nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    Hello {
        worker_id,
        name: name.or_else(host).unwrap_or_else(|| "worker".into()),
        pid: nix::unistd::getpid().as_raw(),
        version: env!("CARGO_PKG_VERSION").into(),
        devices,
        remaining_s: None,
    }
}

/// Says hello until it is heard; a refusal at the very start is the operator's to mend.
async fn first_hello(host: &Host) -> Result<(), WorkerError> {
    let mut backoff = Backoff::new();
    let mut said = false;
    loop {
        match host.roster.announce().await {
            Ok(true) => return Ok(()),
            Err(source) if !source.is_transient() && source.code().is_some() => {
                return Err(WorkerError::Refused { server: host.client.server().to_owned(), source });
            }
            Ok(false) | Err(_) if std::mem::replace(&mut said, true) => {}
            answer => tracing::warn!(error = ?answer.err(), "waiting for the coordinator"),
        }
        backoff.wait().await;
    }
}

#[cfg(test)]
#[path = "fleet_member_tests.rs"]
mod tests;
