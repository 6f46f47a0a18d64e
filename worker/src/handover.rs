//! Brings an attempt's end to the coordinator: stores what it leaves, then tells the end.
//!
//! Must not know why the attempt ended.

use std::error::Error;

use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::energy::Energy;
use pedigree_protocol::lease::{AttemptEnd, AttemptWrite};
use pedigree_protocol::run::{Failure, FailureCause};
use tokio_util::task::AbortOnDropHandle;

use crate::attempt_folder::AttemptFolder;
use crate::lease_keeper::{Delivery, Lease};
use crate::retry::RequestError;
use crate::upload::{self, UploadError};

/// Stores what an attempt leaves in `folder`, and tells its end. Another process may repeat this.
pub(crate) async fn hand_over(
    lease: &Lease,
    folder: &AttemptFolder,
    (end, energy): (AttemptEnd, Option<Energy>),
    keeper: AbortOnDropHandle<()>,
) {
    let (end, artifacts) = store(lease, folder, end).await;
    // From here on a renewal could only learn that the attempt has ended.
    drop(keeper);
    tell(lease, end, artifacts, energy).await;
}

async fn store(lease: &Lease, folder: &AttemptFolder, end: AttemptEnd) -> (AttemptEnd, Vec<ArtifactFile>) {
    let client = lease.client();
    match end {
        AttemptEnd::Completed { .. } | AttemptEnd::Adapted { .. } => {
            let files = match end {
                AttemptEnd::Adapted { .. } => upload::adapted(folder),
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
            lease.deliver(&AttemptWrite::End { end, artifacts: Vec::new(), energy }).await;
        }
    }
}

const fn failed(failure: Failure) -> AttemptEnd {
    AttemptEnd::Failed { failure }
}

fn not_stored(error: &UploadError) -> Failure {
    let cause = error.source().map_or_else(String::new, |cause| format!(": {cause}"));
    let message = format!("the results could not be stored: {error}{cause}");
    Failure::new(FailureCause::Crashed, message)
}

fn refused_end(error: &RequestError) -> Failure {
    let message = format!("the coordinator refused the attempt's result: {error}");
    Failure::new(FailureCause::Crashed, message)
}
