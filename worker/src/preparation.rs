//! Everything a trainer needs before it starts, and the test split when it asks: fetched until it is there, or until
//! it is clear that it never will be.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pedigree_protocol::ErrorCode;
use pedigree_protocol::client::ClientError;
use pedigree_protocol::lease::LeaseGrant;
use pedigree_protocol::run::{Failure, FailureCause, RunKind};
use tokio::time::timeout;

use crate::artifacts::{Cache, FetchError};
use crate::attempt_folder::AttemptFolder;
use crate::backoff::{Backoff, carrying_limit, is_away};
use crate::host::Host;
use crate::job::{self, Surroundings};
use crate::lease_keeper::Lease;
use crate::slot::Slot;

/// What opening the test split may take, its content included.
const OPENING_LIMIT: Duration = Duration::from_secs(60);

/// Fetches what the work needs and writes the job file. Waits while the coordinator is away.
pub(crate) async fn prepare(
    host: &Host,
    slot: &Slot,
    lease: &Lease,
    grant: &LeaseGrant,
    folder: &AttemptFolder,
) -> Result<(), Failure> {
    let mut backoff = Backoff::new();
    let here = loop {
        match fetch(&host.cache, grant).await {
            Ok((train, dev, backbone)) => {
                let (threads, device) = (host.trainer.threads, slot.device_choice());
                let (out, checkpoint) = (folder.out(), folder.checkpoint());
                break Surroundings { train, dev, backbone, out, checkpoint, threads, device };
            }
            Err(error) if is_passing(&error) => {
                tracing::debug!(%error, "not everything could be fetched yet")
            }
            Err(error) => return Err(unfetched(&error)),
        }
        backoff.wait().await;
    };
    if let Some(stored) = &grant.checkpoint {
        let limit = carrying_limit(stored.bytes.unsigned_abs());
        fetch_checkpoint(lease, &folder.checkpoint(), limit).await?;
    }
    let refused = |message| Failure::new(FailureCause::InvalidJob, message);
    let job = match grant.kind {
        RunKind::Dapt => serde_json::to_vec_pretty(&job::dapt_job(grant, here).map_err(refused)?),
        RunKind::Trial | RunKind::Final => {
            serde_json::to_vec_pretty(&job::train_job(grant, here).map_err(refused)?)
        }
    };
    let text = job.map_err(|error| crashed("the job file", &error))?;
    tokio::fs::write(folder.job(), text).await.map_err(|error| crashed("the job file", &error))
}

async fn fetch(cache: &Cache, grant: &LeaseGrant) -> Result<(PathBuf, PathBuf, PathBuf), FetchError> {
    let work = &grant.work;
    Ok((
        cache.content(&work.train).await?,
        cache.content(&work.dev).await?,
        cache.backbone(&work.backbone).await?,
    ))
}

/// Fetches what an earlier attempt stored. Without it the run begins anew, so that only an answer is waited for.
async fn fetch_checkpoint(lease: &Lease, path: &Path, limit: Duration) -> Result<(), Failure> {
    let mut backoff = Backoff::new();
    loop {
        match timeout(limit, lease.fetch_checkpoint()).await {
            Ok(Ok(content)) => {
                let written = tokio::fs::write(path, content).await;
                return written.map_err(|error| crashed("the checkpoint", &error));
            }
            Ok(Err(error)) if !is_away(&error) => {
                tracing::warn!(%error, "the checkpoint cannot be had; the run begins anew");
                return Ok(());
            }
            answer => tracing::debug!(error = ?answer.err(), "the checkpoint was not fetched yet"),
        }
        backoff.wait().await;
    }
}

/// Opens the test split and writes it to `path`. Waits while the coordinator is away.
pub(crate) async fn open_test(lease: &Lease, path: &Path) -> Result<(), Failure> {
    let mut backoff = Backoff::new();
    let content = loop {
        match timeout(OPENING_LIMIT, lease.open_test()).await {
            Ok(Ok(content)) => break content,
            Ok(Err(error)) if !is_away(&error) => return Err(unopened(&error)),
            answer => tracing::debug!(?answer, "the test split was not opened yet"),
        }
        backoff.wait().await;
    };
    if content.is_empty() {
        return Err(invalid("the test split is empty; register the dataset with its test sentences".into()));
    }
    tokio::fs::write(path, content).await.map_err(|error| crashed("the test split", &error))
}

/// Whether fetching again may help. Content that arrived damaged was cut or changed on the way.
fn is_passing(error: &FetchError) -> bool {
    match error {
        FetchError::Coordinator { source, .. } => is_away(source),
        FetchError::Damaged { .. } | FetchError::Stalled { .. } => true,
        FetchError::StrayName(_) | FetchError::Disk { .. } => false,
    }
}

fn unfetched(error: &FetchError) -> Failure {
    let sentence = error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
    match error {
        FetchError::Disk { .. } => Failure::new(FailureCause::Crashed, sentence),
        FetchError::Coordinator { .. }
        | FetchError::Damaged { .. }
        | FetchError::Stalled { .. }
        | FetchError::StrayName(_) => invalid(sentence),
    }
}

fn unopened(error: &ClientError) -> Failure {
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

fn crashed(what: &str, error: &dyn Error) -> Failure {
    Failure::new(FailureCause::Crashed, format!("{what} cannot be written: {error}"))
}
