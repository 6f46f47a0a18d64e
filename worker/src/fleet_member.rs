//! This worker as a member of the coordinator's fleet: hello, one task per device, drain.
//!
//! Owns the start, the end and what all slots share. Must not know what an attempt does.

use std::sync::Arc;

use backon::Retryable as _;
use pedigree_protocol::client::Client;
use pedigree_protocol::fleet::{Device, Hello};
use pedigree_protocol::{ErrorCode, WorkerId};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::artifacts::Cache;
use crate::aside::Aside;
use crate::attempt_folder::WorkerFolder;
use crate::config::Config;
use crate::drain::{self, Drain};
use crate::error::{WorkerError, describe};
use crate::gpu::{self, Gpu, GpuProbe, Journal};
use crate::host::{Host, Trainer};
use crate::left_over;
use crate::offer;
use crate::readings::{self, Gauges};
use crate::retry::{RequestError, pauses};
use crate::roster::Roster;
use crate::serve::serve;
use crate::slot::Slot;
use crate::token_watch::TokenWatch;
use crate::unfit;
use crate::untold_faults::UntoldFaults;

/// Offers this host's devices to the coordinator and works until `shutdown`; then hands back what is running and
/// returns. An absent coordinator is waited for.
///
/// # Errors
/// Only what waiting cannot mend: no device, an unusable folder, a refused token, a coordinator of another release.
pub async fn run(
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), WorkerError> {
    let ends = config.walltime.map(drain::end_of);
    let drain = Drain::default();
    let _watch = AbortOnDropHandle::new(tokio::spawn(drain.clone().begin_after(shutdown, ends)));
    let folder = config.folder.clone();
    let (host, slots, gauges) = open(config, ends)?;
    // Read before anything is claimed, so that it holds only an earlier worker's attempts.
    let read = host.folder.left_over();
    let left_over = read.map_err(|source| WorkerError::Folder { path: folder, source })?;
    let host = Arc::new(host);
    // Lasts as long as this worker.
    let mut watches = JoinSet::new();
    for slot in &slots {
        watches.spawn(unfit::tell(slot.clone(), Arc::clone(&host)));
    }
    let token = Arc::clone(&host.token);
    watches.spawn(async move { token.expiry.warn().await });
    tokio::select! {
        biased;
        () = drain.begun.cancelled() => return Ok(()),
        heard = first_hello(&host) => heard?,
    }
    keep_id(&host);
    let mut tasks = JoinSet::new();
    for (held, folder) in left_over {
        tasks.spawn(done(left_over::settle(Arc::clone(&host), held, folder, drain.clone())));
    }
    // When the last slot has ended, nothing is left to do.
    let serving = Arc::new(drain.begun.clone().drop_guard());
    for slot in slots {
        let (served, serving) = (serve(slot, Arc::clone(&host), drain.clone()), Arc::clone(&serving));
        tasks.spawn(async move {
            let served = served.await;
            drop(serving);
            served
        });
    }
    drop(serving);
    tasks.spawn(done(readings::tell(gauges, Arc::clone(&host), drain.clone())));
    let outcome = outcome(tasks, &host, &drain).await;
    watches.shutdown().await;
    outcome
}

/// A task that cannot be refused.
async fn done(task: impl Future<Output = ()>) -> Result<(), RequestError> {
    task.await;
    Ok(())
}

/// Waits for all tasks. A slot that the coordinator refuses ends only itself; the others carry their attempts out first.
async fn outcome(
    mut tasks: JoinSet<Result<(), RequestError>>,
    host: &Host,
    drain: &Drain,
) -> Result<(), WorkerError> {
    let mut outcome = Ok(());
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(source)) => {
                tracing::error!(error = describe(&source), "the coordinator refuses this worker");
                outcome = Err(refused(host, source));
            }
            Err(panic) => {
                drain.begun.cancel();
                outcome = Err(WorkerError::SlotDied(panic));
            }
        }
    }
    outcome
}

fn refused(host: &Host, source: RequestError) -> WorkerError {
    let server = host.client.server().to_owned();
    match source.code() {
        Some(ErrorCode::Unauthorized | ErrorCode::Forbidden) => WorkerError::TokenRefused { server, source },
        _ => WorkerError::Refused { server, source },
    }
}

fn open(config: Config, ends: Option<Instant>) -> Result<(Host, Vec<Slot>, Gauges), WorkerError> {
    let probe: Arc<dyn GpuProbe> = gpu::open(config.nvml_library.as_deref())?.into();
    let worker_id = WorkerId::new();
    let allotted = config.allotment.of(probe.inventory()?)?;
    let absence = offer::absence(&allotted, probe.as_ref());
    let devices = offer::devices(&allotted.gpus, || absence.clone(), worker_id, &config)?;
    offer::say(&allotted, &absence, &config);
    let gpus: Vec<Gpu> = allotted.gpus.into_iter().filter(|gpu| gpu.memory_bytes.is_ok()).collect();
    let journal = Arc::new(Journal::default());
    probe.watch(&gpus, &journal);
    let offered: Vec<Device> =
        devices.iter().filter(|device| device.unavailable.is_none()).cloned().collect();
    let mut trainer = config.trainer.iter().cloned();
    let trainer = Trainer {
        program: trainer.next().ok_or(WorkerError::NoTrainer)?.into(),
        arguments: trainer.collect(),
        threads: config.threads_for(offered.len()),
    };
    let folder = WorkerFolder::open(&config.folder)?;
    let untold = UntoldFaults::open(folder.unfit());
    let client = Client::new(&config.server, config.token);
    let cache = Cache::open(client.clone(), &config.folder)
        .map_err(|source| WorkerError::Folder { path: config.folder, source })?;
    let hello = Hello { follows: folder.last_worker(), ..offer::hello(worker_id, config.name, devices) };
    let hello = offer::with_faults(hello, &untold.all());
    let token = Arc::new(TokenWatch::default());
    let roster = Roster::new(client.clone(), Arc::clone(&token), hello, untold, ends);
    let slot = |device| Slot::new(device, Arc::clone(&probe), Arc::clone(&journal));
    let slots = offered.into_iter().map(slot).collect();
    let uuids = gpus.into_iter().map(|gpu| gpu.uuid).collect();
    let gauges = Gauges::new(uuids, Arc::clone(&probe), journal);
    Ok((Host { client, roster, token, aside: Aside::default(), cache, folder, trainer }, slots, gauges))
}

/// After its first hello the next worker in this folder follows this one.
fn keep_id(host: &Host) {
    if let Err(error) = host.folder.keep_worker(host.roster.worker_id()) {
        tracing::warn!(%error, "this worker's id cannot be stored; the next worker in this folder will not inherit a drain");
    }
}

/// Says hello until it is heard; a refusal at the very start is the operator's to mend.
async fn first_hello(host: &Host) -> Result<(), WorkerError> {
    let mut said = false;
    let heard =
        (|| host.roster.announce()).retry(pauses()).when(|error| !is_refusal(error)).notify(|error, _| {
            if !std::mem::replace(&mut said, true) {
                tracing::warn!(%error, "waiting for the coordinator");
            }
        });
    heard.await.map_err(|source| refused(host, source))
}

/// Whether the coordinator does not want this worker.
fn is_refusal(error: &RequestError) -> bool {
    match error {
        RequestError::TimedOut(_) => false,
        RequestError::TokenRefused(_) => true,
        RequestError::Failed(error) => !error.is_transient() && error.code().is_some(),
    }
}

#[cfg(test)]
#[path = "fleet_member_tests.rs"]
mod tests;
