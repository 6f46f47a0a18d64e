//! Attempts that an earlier worker left on this host. This worker reports what the earlier one did not.
//!
//! An attempt that had ended is handed over. For one that was still training, it sends the last reports and the checkpoint;
//! the lease then expires and the attempt counts as lost.

use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::attempt_folder::AttemptFolder;
use crate::drain::Drain;
use crate::handover::{self, Ended, Told, of_another_token};
use crate::held_attempt::HeldAttempt;
use crate::host::Host;
use crate::lease_keeper::{self, Delivery, Lease};
use crate::log_forwarder::LogForwarder;
use crate::outbox;
use crate::retry::transfer_limit;

/// How long a trainer whose worker is gone may take to save its progress and end.
const GRACE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(50);

/// Tells what is left of an attempt. If the worker drains first, that stays for the next one.
pub(crate) async fn settle(host: Arc<Host>, held: HeldAttempt, folder: AttemptFolder, drain: Drain) {
    let span = tracing::info_span!(
        "left over", run.id = %held.run_id, attempt = %held.attempt, name = held.queue_name);
    async {
        tracing::info!("an earlier worker left this attempt");
        let lease = Lease::new(host.client.clone(), Arc::clone(&host.token), &held, Instant::now());
        let told = async {
            until_trainer_is_gone(&folder).await;
            tell(&lease, &folder).await
        };
        tokio::select! {
            told = told => told.tidy(folder),
            () = lease.lost() => {
                tracing::info!("its lease is lost; it is dropped");
                folder.remove();
            }
            () = drain.begun.cancelled() => {}
        }
    }
    .instrument(span)
    .await;
}

async fn tell(lease: &Arc<Lease>, folder: &AttemptFolder) -> Told {
    let ended = folder.kept_end();
    let keeper = ended.is_some().then(|| {
        AbortOnDropHandle::new(tokio::spawn(lease_keeper::keep(Arc::clone(lease)).in_current_span()))
    });
    for write in outbox::entries(&folder.outbox()).unwrap_or_default() {
        match lease.deliver(&write).await {
            Delivery::Accepted => {}
            Delivery::Lost => return Told::Heard,
            Delivery::Refused(error) => match of_another_token(&error) {
                Some(told) => return told,
                None => tracing::error!(%error, ?write, "the coordinator refuses a report"),
            },
        }
    }
    if folder.log().exists() {
        LogForwarder::start(Arc::clone(lease), folder.log()).finish().await;
    }
    match (ended, keeper) {
        (Some(end), Some(keeper)) => {
            handover::hand_over(lease, folder, Ended { end, energy: None }, keeper).await
        }
        _ => store_progress(lease, folder).await,
    }
}

async fn store_progress(lease: &Lease, folder: &AttemptFolder) -> Told {
    let Ok(content) = tokio::fs::read(folder.checkpoint()).await else { return Told::Heard };
    let limit = transfer_limit(content.len() as u64);
    let stored = timeout(limit, lease.store_checkpoint(content.into())).await;
    match stored {
        Ok(Ok(())) => Told::Heard,
        Ok(Err(error)) => {
            tracing::warn!(%error, "its last checkpoint was not stored");
            of_another_token(&error.into()).unwrap_or(Told::Heard)
        }
        Err(_) => {
            tracing::warn!("its last checkpoint was not stored in time");
            Told::Heard
        }
    }
}

/// Ends what may still train there: the end of its pipe tells a trainer to stop, but not one that hangs.
async fn until_trainer_is_gone(folder: &AttemptFolder) {
    let Some(pid) = folder.kept_trainer() else { return };
    let deadline = Instant::now() + GRACE;
    while trains(pid, folder) {
        if Instant::now() > deadline {
            tracing::warn!(pid, "the trainer of an earlier worker does not end and is killed");
            // Fails only when nobody is left in the group.
            let _gone = killpg(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
            return;
        }
        sleep(LOOK).await;
    }
}

/// Whether the process is there, and still the one that was started for this attempt: numbers are used again.
fn trains(pid: u32, folder: &AttemptFolder) -> bool {
    let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let job = folder.job();
    words.split(|byte| *byte == 0).any(|word| word == job.as_os_str().as_encoded_bytes())
}
