//! One attempt in progress: what it holds, what may stop it, and what it keeps on disk of its end.
//!
//! Must not know the order of its steps.

use std::sync::Arc;

use pedigree_protocol::lease::AttemptEnd;

use crate::attempt_folder::AttemptFolder;
use crate::claim::Claim;
use crate::drain::Drain;
use crate::host::Host;
use crate::lease_keeper::Lease;
use crate::slot::Slot;
use crate::stop_reason::StopReason;

/// An attempt in progress.
pub(crate) struct Attempt<'a> {
    pub(crate) host: &'a Host,
    pub(crate) slot: &'a Slot,
    pub(crate) claim: Claim,
    pub(crate) lease: Arc<Lease>,
    pub(crate) folder: AttemptFolder,
    pub(crate) drain: &'a Drain,
}

impl Attempt<'_> {
    /// Ends when the attempt must stop; says why.
    pub(crate) async fn stopped(&self) -> StopReason {
        tokio::select! {
            biased;
            why = self.lease.stopped() => why,
            () = self.drain.begun.cancelled() => StopReason::Released,
        }
    }

    /// Keeps how the attempt ended, for a worker that comes after this one.
    pub(crate) fn keep(&self, end: &AttemptEnd) {
        if let Err(error) = self.folder.keep_end(end) {
            tracing::warn!(%error, "the attempt's end cannot be kept on disk; only this worker can tell it");
        }
    }

    /// Lets something finish, unless the worker must end first.
    pub(crate) async fn within_drain(&self, work: impl Future<Output = ()>) {
        tokio::select! {
            () = work => {}
            () = self.drain.overdue.cancelled() => {
                tracing::warn!("not everything could be told before the worker had to end");
            }
        }
    }
}
