//! Fetches what a trainer needs before it starts, and the test split when it asks. Tries again until it succeeds or
//! cannot succeed any more.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use backon::Retryable as _;
use pedigree_protocol::ErrorCode;
use pedigree_protocol::lease::{LeaseGrant, Work};
use pedigree_protocol::run::{Failure, FailureCause};
use pedigree_trainer_core::TrainedAdapter;

use crate::artifacts::{Cache, FetchError};
use crate::attempt_folder::AttemptFolder;
use crate::error::describe;
use crate::exit;
use crate::host::Host;
use crate::job::{self, Surroundings};
use crate::lease_keeper::Lease;
use crate::retry::{self, RequestError, pauses, transfer_limit, within};
use crate::slot::Slot;

/// The longest time to open the test split and receive it.
const OPENING_LIMIT: Duration = Duration::from_secs(60);

/// Fetches what the work needs and writes the job file. Waits while the coordinator is away.
pub(crate) async fn prepare(
    host: &Host,
    slot: &Slot,
    lease: &Lease,
    grant: &LeaseGrant,
    folder: &AttemptFolder,
) -> Result<(), Failure> {
    let fetched = (|| fetch(&host.cache, grant))
        .retry(pauses())
        .when(may_pass)
        .notify(|error, _| tracing::debug!(%error, "not everything could be fetched yet"));
    let Fetched { train, dev, backbone, models } = fetched.await.map_err(|error| unfetched(&error))?;
    let (threads, device) = (host.trainer.threads, slot.device_choice());
    let (out, checkpoint) = (folder.out(), folder.checkpoint());
    let here = Surroundings { train, dev, backbone, out, checkpoint, threads, device };
    if let Some(stored) = &grant.checkpoint {
        let limit = transfer_limit(stored.bytes.unsigned_abs());
        fetch_checkpoint(lease, &folder.checkpoint(), limit).await?;
    }
    let refused = |message| Failure::new(FailureCause::InvalidJob, message);
    let job = match &grant.work {
        Work::Train { job, protocol, .. } => {
            serde_json::to_vec_pretty(&job::train_job(job, *protocol, here).map_err(refused)?)
        }
        Work::Test { job, .. } => serde_json::to_vec_pretty(&job::test_job(job, models, here)),
        Work::Adapt { job, .. } => serde_json::to_vec_pretty(&job::dapt_job(job, here).map_err(refused)?),
    };
    let text = job.map_err(|error| unwritten("the job file", &error))?;
    tokio::fs::write(folder.job(), text).await.map_err(|error| unwritten("the job file", &error))
}

/// What the work needs, on this host.
struct Fetched {
    /// What is trained on: a split, or passages.
    train: PathBuf,
    /// What is measured on meanwhile.
    dev: PathBuf,
    backbone: PathBuf,
    /// What is tested, by the ids of the runs that trained it.
    models: Vec<TrainedAdapter>,
}

async fn fetch(cache: &Cache, grant: &LeaseGrant) -> Result<Fetched, FetchError> {
    let (to_train_on, to_measure_on) = match &grant.work {
        Work::Train { train, dev, .. } => (train, dev),
        Work::Adapt { passages, held_out, .. } => (passages, held_out),
        // Nothing is measured meanwhile.
        Work::Test { train, .. } => (train, train),
    };
    let mut models = Vec::new();
    if let Work::Test { models: trained, .. } = &grant.work {
        for model in trained {
            let adapter = cache.folder(&model.adapter).await?;
            models.push(TrainedAdapter { name: model.run_id.to_string(), adapter });
        }
    }
    Ok(Fetched {
        models,
        train: cache.content(to_train_on).await?,
        dev: cache.content(to_measure_on).await?,
        backbone: cache.folder(&grant.work.job().backbone).await?,
    })
}

/// Fetches an earlier attempt's checkpoint. Waits for an answer; if it is refused, the run starts over.
async fn fetch_checkpoint(lease: &Lease, path: &Path, limit: Duration) -> Result<(), Failure> {
    let fetched = (|| within(limit, lease.fetch_checkpoint()))
        .retry(pauses())
        .when(RequestError::may_pass)
        .notify(|error, _| tracing::debug!(%error, "the checkpoint was not fetched yet"));
    match fetched.await {
        Ok(content) => {
            tokio::fs::write(path, content).await.map_err(|error| unwritten("the checkpoint", &error))
        }
        Err(error) => {
            tracing::warn!(%error, "the checkpoint cannot be had; the run begins anew");
            Ok(())
        }
    }
}

/// Opens the test split and writes it to `path`. Waits while the coordinator is away.
pub(crate) async fn open_test(lease: &Lease, path: &Path) -> Result<(), Failure> {
    let opened = (|| within(OPENING_LIMIT, lease.open_test()))
        .retry(pauses())
        .when(RequestError::may_pass)
        .notify(|error, _| tracing::debug!(%error, "the test split was not opened yet"));
    let content = opened.await.map_err(|error| unopened(&error))?;
    if content.is_empty() {
        return Err(invalid("the test split is empty; register the dataset with its test sentences".into()));
    }
    tokio::fs::write(path, content).await.map_err(|error| unwritten("the test split", &error))
}

/// Whether fetching again may help. Content that arrived damaged was cut or changed on the way.
fn may_pass(error: &FetchError) -> bool {
    match error {
        FetchError::Coordinator { source, .. } => retry::may_pass(source),
        FetchError::Damaged { .. } | FetchError::Stalled { .. } => true,
        FetchError::StrayName(_) | FetchError::Disk { .. } => false,
    }
}

fn unfetched(error: &FetchError) -> Failure {
    let sentence = describe(error);
    match error {
        FetchError::Disk { .. } => exit::by_host(sentence),
        // Only the coordinator itself can say that there is no such content; anything else stands between it and this host.
        FetchError::Coordinator { source, .. } if source.code().is_none() => exit::by_host(sentence),
        FetchError::Coordinator { .. }
        | FetchError::Damaged { .. }
        | FetchError::Stalled { .. }
        | FetchError::StrayName(_) => invalid(sentence),
    }
}

fn unopened(error: &RequestError) -> Failure {
    let message = format!("the coordinator does not open the test split: {error}");
    match error.code() {
        // Another attempt may hold the seal by now; the coordinator decides what becomes of the run.
        Some(ErrorCode::Conflict) => Failure::new(FailureCause::Crashed, message),
        _ => invalid(message),
    }
}

fn invalid(message: String) -> Failure {
    Failure::new(FailureCause::InvalidInput, message)
}

fn unwritten(what: &str, error: &dyn Error) -> Failure {
    exit::by_host(format!("{what} cannot be written: {error}"))
}
