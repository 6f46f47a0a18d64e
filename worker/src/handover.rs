//! Brings an attempt's end to the coordinator: stores what it leaves, then tells the end.
//!
//! Must not know why the attempt ended.

use pedigree_protocol::ErrorCode;
use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::energy::Energy;
use pedigree_protocol::lease::{AttemptEnd, AttemptWrite};
use pedigree_protocol::run::Failure;
use tokio_util::task::AbortOnDropHandle;

use crate::attempt_folder::AttemptFolder;
use crate::error::describe;
use crate::exit;
use crate::lease_keeper::{Delivery, Lease};
use crate::retry::RequestError;
use crate::upload::{self, UploadError};

/// How an attempt ended, and the energy it took.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) end: AttemptEnd,
    /// `None` where nothing measured it, or the worker that did is gone.
    pub(crate) energy: Option<Energy>,
}

/// Whether what an attempt left was heard.
#[derive(Debug)]
#[must_use]
pub(crate) enum Told {
    /// The coordinator has answered, whatever it made of it.
    Heard,
    /// The attempt belongs to the worker of another token; the coordinator's sentence. A worker with that token, or with one
    /// made under its name, can tell it.
    OfAnotherToken(String),
}

impl Told {
    /// Removes the attempt's folder, unless another worker may still tell what is in it.
    pub(crate) fn tidy(self, folder: AttemptFolder) {
        match self {
            Self::Heard => folder.remove(),
            Self::OfAnotherToken(sentence) => tracing::error!(
                sentence,
                folder = %folder.path().display(),
                "the coordinator does not take this attempt's results from this token; they stay on disk, and a worker with \
                 the earlier token, or with one made under its name, tells them"
            ),
        }
    }
}

/// Whether a write was refused because the attempt belongs to the worker of another token.
pub(crate) fn of_another_token(error: &RequestError) -> Option<Told> {
    let is_forbidden = error.code() == Some(ErrorCode::Forbidden);
    is_forbidden.then(|| Told::OfAnotherToken(error.to_string()))
}

/// Stores what an attempt leaves in `folder`, and tells its end. Another process may repeat this.
pub(crate) async fn hand_over(
    lease: &Lease,
    folder: &AttemptFolder,
    ended: Ended,
    keeper: AbortOnDropHandle<()>,
) -> Told {
    let (end, artifacts) = store(lease, folder, ended.end).await;
    // From here on a renewal could only learn that the attempt has ended.
    drop(keeper);
    tell(lease, end, artifacts, ended.energy).await
}

async fn store(lease: &Lease, folder: &AttemptFolder, end: AttemptEnd) -> (AttemptEnd, Vec<ArtifactFile>) {
    let client = lease.client();
    match end {
        AttemptEnd::Completed { .. } | AttemptEnd::Adapted { .. } | AttemptEnd::Tested { .. } => {
            let files = match &end {
                AttemptEnd::Adapted { .. } => upload::adapted(folder),
                AttemptEnd::Tested { summary } => upload::tested(folder, &summary.results),
                _ => upload::results(folder),
            };
            let stored = async { upload::store(client, files?).await };
            match stored.await {
                Ok(files) => (end, files),
                Err(error) => (failed(not_stored(&error)), Vec::new()),
            }
        }
        AttemptEnd::Failed { .. } | AttemptEnd::Pruned => {
            let stored = upload::store(client, upload::log(folder)).await;
            (end, stored.unwrap_or_else(|_| Vec::new()))
        }
        AttemptEnd::Released | AttemptEnd::Cancelled => (end, Vec::new()),
    }
}

async fn tell(lease: &Lease, end: AttemptEnd, artifacts: Vec<ArtifactFile>, energy: Option<Energy>) -> Told {
    let result = format!("{end:?}");
    match lease.deliver(&AttemptWrite::End { end: Box::new(end), artifacts, energy }).await {
        Delivery::Accepted => tracing::info!(result, "the attempt has ended"),
        Delivery::Lost => tracing::warn!(
            result,
            "the attempt's end does not count: it was told before, or the lease is lost"
        ),
        Delivery::Refused(error) => {
            if let Some(told) = of_another_token(&error) {
                return told;
            }
            tracing::error!(%error, result, "the coordinator refuses the attempt's end");
            let end = Box::new(failed(refused_end(&error)));
            let told = lease.deliver(&AttemptWrite::End { end, artifacts: Vec::new(), energy }).await;
            if !matches!(told, Delivery::Accepted) {
                tracing::error!(
                    ?told,
                    "the failure that this means was not stored either; the lease ends by itself"
                );
            }
        }
    }
    Told::Heard
}

const fn failed(failure: Failure) -> AttemptEnd {
    AttemptEnd::Failed { failure }
}

fn not_stored(error: &UploadError) -> Failure {
    let message = format!("the results could not be stored: {}", describe(error));
    match error {
        // What the trainer has not written is its fault; what is there and cannot be read is the disk's.
        UploadError::Unreadable { source, .. } if source.kind() != std::io::ErrorKind::NotFound => {
            exit::by_host(message)
        }
        _ => exit::crashed(message),
    }
}

fn refused_end(error: &RequestError) -> Failure {
    let message = format!("the coordinator refused the attempt's result: {}", describe(error));
    exit::crashed(message)
}
