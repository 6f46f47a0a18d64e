//! Brings an attempt's end to the coordinator: stores what it leaves, then tells the end.
//!
//! Must not know why the attempt ended.

use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::energy::Energy;
use pedigree_protocol::lease::{AttemptEnd, AttemptWrite};
use pedigree_protocol::run::{Failure, FailureCause};
use tokio_util::task::AbortOnDropHandle;

use crate::attempt_folder::AttemptFolder;
use crate::error::describe;
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

/// Stores what an attempt leaves in `folder`, and tells its end. Another process may repeat this.
pub(crate) async fn hand_over(
    lease: &Lease,
    folder: &AttemptFolder,
    ended: Ended,
    keeper: AbortOnDropHandle<()>,
) {
    let (end, artifacts) = store(lease, folder, ended.end).await;
    // From here on a renewal could only learn that the attempt has ended.
    drop(keeper);
    tell(lease, end, artifacts, ended.energy).await;
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

async fn tell(lease: &Lease, end: AttemptEnd, artifacts: Vec<ArtifactFile>, energy: Option<Energy>) {
    let result = format!("{end:?}");
    match lease.deliver(&AttemptWrite::End { end: Box::new(end), artifacts, energy }).await {
        Delivery::Accepted => tracing::info!(result, "the attempt has ended"),
        Delivery::Lost => tracing::warn!(
            result,
            "the attempt's end does not count: it was told before, or the lease is lost"
        ),
        Delivery::Refused(error) => {
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
}

const fn failed(failure: Failure) -> AttemptEnd {
    AttemptEnd::Failed { failure }
}

fn not_stored(error: &UploadError) -> Failure {
    let message = format!("the results could not be stored: {}", describe(error));
    Failure::new(FailureCause::Crashed, message)
}

fn refused_end(error: &RequestError) -> Failure {
    let message = format!("the coordinator refused the attempt's result: {}", describe(error));
    Failure::new(FailureCause::Crashed, message)
}
