//! This worker as a member of the coordinator's fleet: hello, one task per device, drain.
//!
//! Owns the start, the end and what all slots share. Must not know what an attempt does.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pedigree_protocol::WorkerId;
use pedigree_protocol::client::{Client, ClientError};
use pedigree_protocol::fleet::{Device, DeviceKind, Hello};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::artifacts::Cache;
use crate::attempt_folder::WorkerFolder;
use crate::backoff::{ANSWER_LIMIT, Backoff};
use crate::gpu::{self, Gpu, GpuProbe, Journal};
use crate::left_over;
use crate::readings::{self, Gauges};
use crate::slot::{self, Slot};
use crate::{Config, WorkerError};

/// Why a GPU is not offered though nothing is wrong with it.
const CPU_ONLY: &str = "this trainer computes on the CPU only";

/// What all slots of this worker share.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) client: Client,
    pub(crate) roster: Roster,
    pub(crate) cache: Cache,
    pub(crate) folder: WorkerFolder,
    pub(crate) trainer: Trainer,
}

/// How a trainer is started.
#[derive(Debug, Clone)]
pub(crate) struct Trainer {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<std::ffi::OsString>,
    pub(crate) threads: usize,
}

/// What a draining worker takes to hand over its attempts, from the signal on.
const DRAIN_LIMIT: Duration = Duration::from_secs(9);

/// The worker's end, in two steps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Drain {
    /// Nothing is claimed any more; trainers are stopped and their attempts handed back.
    pub(crate) begun: CancellationToken,
    /// Whatever could not be told by now is left to the lease's end.
    pub(crate) overdue: CancellationToken,
}

impl Drain {
    async fn begin_after(self, shutdown: impl Future<Output = ()>, ends: Option<Instant>) {
        tokio::select! {
            () = shutdown => self.begun.cancel(),
            () = at(ends) => {
                tracing::info!("the walltime is nearly over");
                self.begun.cancel();
            }
            () = self.begun.cancelled() => {}
        }
        tracing::info!("draining: the attempts in progress are handed back");
        sleep(DRAIN_LIMIT).await;
        self.overdue.cancel();
    }
}

/// What a worker with a walltime keeps of it to hand over its attempts; a tenth of a shorter walltime.
const HANDING_OVER: Duration = Duration::from_secs(60);

/// When a worker with this walltime, started now, stops.
fn end_of(walltime: Duration) -> Instant {
    Instant::now() + walltime.saturating_sub(HANDING_OVER.min(walltime / 10))
}

async fn at(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Offers this host's devices to the coordinator and works until `shutdown`; then hands back what is running and
/// returns. An absent coordinator is waited for.
///
/// # Errors
/// Only what waiting cannot mend: no device, an unusable folder, a refused token.
pub async fn run(
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), WorkerError> {
    let drain = Drain::default();
    let ends = config.walltime.map(end_of);
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
        tasks.spawn(slot::serve(slot, Arc::clone(&host), drain.clone()));
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
    let probe: Arc<dyn GpuProbe> = gpu::probe(config.nvml_library.as_deref())?.into();
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

/// What the coordinator has been told of this worker.
#[derive(Debug)]
pub(crate) struct Roster {
    client: Client,
    /// When this worker stops, where that is known.
    ends: Option<Instant>,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    hello: Hello,
    lease_ttl: Duration,
}

impl Roster {
    fn new(client: Client, hello: Hello, ends: Option<Instant>) -> Self {
        // Replaced by the coordinator's at the first hello, before anything is claimed.
        let lease_ttl = Duration::from_secs(30);
        Self { client, ends, known: Mutex::new(Known { hello, lease_ttl }) }
    }

    fn with_known<T>(&self, use_it: impl FnOnce(&mut Known) -> T) -> T {
        // Every change is a single assignment, so that a panic elsewhere leaves nothing half done.
        use_it(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// This worker.
    pub(crate) fn worker_id(&self) -> WorkerId {
        self.with_known(|known| known.hello.worker_id)
    }

    /// How long a lease lasts, by the last welcome.
    pub(crate) fn lease_ttl(&self) -> Duration {
        self.with_known(|known| known.lease_ttl)
    }

    /// Says hello once; tells whether it was answered in time.
    async fn announce(&self) -> Result<bool, ClientError> {
        let left = self.ends.map(|end| end.saturating_duration_since(Instant::now()).as_secs());
        let remaining_s = left.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
        let hello = Hello { remaining_s, ..self.with_known(|known| known.hello.clone()) };
        let Ok(welcome) = timeout(ANSWER_LIMIT, self.client.hello(&hello)).await else { return Ok(false) };
        let welcome = welcome?;
        let lease_ttl = Duration::from_millis(welcome.lease_ttl_ms.into());
        self.with_known(|known| known.lease_ttl = lease_ttl);
        tracing::info!(worker.id = %hello.worker_id, devices = hello.devices.len(), "the coordinator knows this worker");
        Ok(true)
    }

    /// Says hello until it is heard.
    pub(crate) async fn announce_until_heard(&self) {
        let mut backoff = Backoff::new();
        loop {
            match self.announce().await {
                Ok(true) => return,
                answer => tracing::debug!(error = ?answer.err(), "hello was not heard"),
            }
            backoff.wait().await;
        }
    }

    /// Tells the coordinator why a device is not offered now, where that changed.
    pub(crate) async fn set_unavailable(&self, uuid: &str, sentence: Option<String>) {
        let changed = self.with_known(|known| {
            let device = known.hello.devices.iter_mut().find(|device| device.uuid == uuid);
            device.is_some_and(|device| {
                std::mem::replace(&mut device.unavailable, sentence.clone()) != sentence
            })
        });
        if changed {
            tracing::info!(gpu.uuid = uuid, unavailable = sentence, "a GPU's availability changed");
            self.announce_until_heard().await;
        }
    }
}

#[cfg(test)]
#[path = "fleet_member_tests.rs"]
mod tests;
