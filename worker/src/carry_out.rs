//! An attempt from its grant to its end: prepare, train, leave the device, hand over the results.
//!
//! Owns the order of these steps. Must not know how any of them works.

use std::sync::Arc;
use std::time::Duration;

use pedigree_protocol::lease::{AttemptEnd, AttemptWrite, LeaseGrant};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::attempt::Attempt;
use crate::claim::Claim;
use crate::drain::Drain;
use crate::energy::Meter;
use crate::exit::{self, Verdict};
use crate::handover::{self, Ended};
use crate::held_attempt::HeldAttempt;
use crate::host::Host;
use crate::lease_keeper::{self, Lease};
use crate::preparation;
use crate::slot::Slot;
use crate::stop_reason::StopReason;
use crate::supervision::run_trainer;

/// How long the end of an attempt for which no folder could be made is tried to be told.
const NO_FOLDER: Duration = Duration::from_secs(5);
/// How long a device may take to become free before the attempt's end is told regardless. The device itself stays
/// withheld: its slot claims nothing until it is free.
const LEAVE_LIMIT: Duration = Duration::from_secs(3);

/// Carries out what was claimed; returns when the attempt has ended and its device was left.
pub(crate) async fn carry_out(host: &Host, slot: &Slot, claim: Claim, drain: &Drain) {
    let span = span(host, &claim.grant);
    async {
        let folder = match host.folder.attempt(&claim.grant) {
            Ok(folder) => folder,
            Err(error) => return without_folder(host, &claim, &error).await,
        };
        let lease = Lease::new(
            host.client.clone(),
            Arc::clone(&host.token),
            &HeldAttempt::from(&claim.grant),
            claim.asked,
        );
        let keeper =
            AbortOnDropHandle::new(tokio::spawn(lease_keeper::keep(Arc::clone(&lease)).in_current_span()));
        let attempt = Attempt { host, slot, claim, lease, folder, drain };
        tracing::info!("the attempt begins");
        let meter = Meter::start(slot).await;
        let ended = train(&attempt).await.map_or_else(StopReason::end, Some);
        end(attempt, ended, keeper, meter).await;
    }
    .instrument(span)
    .await;
}

/// Ends an attempt for which no folder can be made.
async fn without_folder(host: &Host, claim: &Claim, error: &std::io::Error) {
    let end = AttemptEnd::Failed {
        failure: exit::by_host(format!("no folder can be made for an attempt: {error}")),
    };
    host.aside.note(&end);
    let lease = Lease::new(
        host.client.clone(),
        Arc::clone(&host.token),
        &HeldAttempt::from(&claim.grant),
        claim.asked,
    );
    let write = AttemptWrite::End { end: Box::new(end), artifacts: Vec::new(), energy: None };
    // If this is not heard, the lease runs out by itself.
    if timeout(NO_FOLDER, lease.deliver(&write)).await.is_err() {
        tracing::warn!("the end of an attempt without a folder was not heard");
    }
}

fn span(host: &Host, grant: &LeaseGrant) -> tracing::Span {
    tracing::info_span!(
        "attempt",
        worker.id = %host.roster.worker_id(),
        run.id = %grant.run_id,
        attempt = %grant.attempt,
        name = grant.queue_name,
    )
}

async fn train(attempt: &Attempt<'_>) -> Result<AttemptEnd, StopReason> {
    let Attempt { host, slot, claim, lease, folder, .. } = attempt;
    let prepared = tokio::select! {
        biased;
        why = attempt.stopped() => return Err(why),
        prepared = preparation::prepare(host, slot, lease, &claim.grant, folder) => prepared,
    };
    if let Err(failure) = prepared {
        return Ok(AttemptEnd::Failed { failure });
    }
    // Somebody may have taken the GPU since the claim was sent.
    if let Err(sentence) = slot.check_idle().await {
        tracing::warn!(sentence, "the GPU is not free after all");
        return Err(StopReason::Released);
    }
    match run_trainer(attempt).await? {
        Verdict::Ended(end) => Ok(end),
        Verdict::CheckpointRefused(sentence) => train_anew(attempt, sentence).await,
    }
}

/// A checkpoint that the trainer refuses (another version wrote it, or it is damaged) must not keep the run from being
/// trained.
async fn train_anew(attempt: &Attempt<'_>, sentence: String) -> Result<AttemptEnd, StopReason> {
    tracing::warn!(sentence, "the trainer refuses the checkpoint; the run begins anew");
    let crashed = |sentence| AttemptEnd::Failed { failure: exit::crashed(sentence) };
    if tokio::fs::remove_file(attempt.folder.checkpoint()).await.is_err() {
        return Ok(crashed(sentence));
    }
    match run_trainer(attempt).await? {
        Verdict::Ended(end) => Ok(end),
        Verdict::CheckpointRefused(sentence) => Ok(crashed(sentence)),
    }
}

/// Leaves the device, stores the results, and reports the end. An end that cannot be reported before the worker stops stays
/// on disk for the next worker.
async fn end(
    attempt: Attempt<'_>,
    ended: Option<AttemptEnd>,
    keeper: AbortOnDropHandle<()>,
    meter: Option<Meter>,
) {
    let shown = match meter {
        Some(meter) => Some(meter.read().await),
        None => None,
    };
    let energy = shown.as_ref().and_then(|shown| shown.energy);
    let Some(ended) = ended.map(|end| blame(end, shown.and_then(|shown| shown.fault))) else {
        tracing::warn!("the lease is lost; the attempt is dropped");
        return attempt.folder.remove();
    };
    attempt.host.aside.note(&ended);
    attempt.keep(&ended);
    let told = async {
        if timeout(LEAVE_LIMIT, attempt.slot.until_left(&attempt.claim.idle)).await.is_err() {
            tracing::warn!("the GPU is not free yet although the trainer has ended");
        }
        let ended = Ended { end: ended, energy };
        handover::hand_over(&attempt.lease, &attempt.folder, ended, keeper).await
    };
    tokio::select! {
        told = told => told.tidy(attempt.folder),
        () = attempt.lease.lost() => {
            tracing::warn!("the lease was lost before the end was told");
            attempt.folder.remove();
        }
        () = attempt.drain.overdue.cancelled() => {
            tracing::warn!("the attempt's end was not told before the worker had to end; its next start tells it");
        }
    }
}

/// The same end, with a fault of the GPU as its cause where it is a failure that the fault explains.
fn blame(end: AttemptEnd, fault: Option<String>) -> AttemptEnd {
    match (end, fault) {
        (AttemptEnd::Failed { failure }, Some(fault)) => {
            AttemptEnd::Failed { failure: exit::blame(failure, fault) }
        }
        (end, _) => end,
    }
}
