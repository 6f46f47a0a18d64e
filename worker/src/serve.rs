//! The loop of one device: claim, carry out, again.
//!
//! Must not know how an attempt is carried out.

use std::sync::Arc;
use std::time::Duration;

use pedigree_protocol::ErrorCode;
use pedigree_protocol::client::ClientError;
use tokio::time::{Instant, sleep_until};

use crate::attempt;
use crate::backoff::{Backoff, is_away};
use crate::claim::next_grant;
use crate::drain::Drain;
use crate::error::describe;
use crate::gpu::Usage;
use crate::host::Host;
use crate::slot::Slot;

/// The least time from one claim to the next, for a coordinator that answers at once.
const BETWEEN_CLAIMS: Duration = Duration::from_millis(250);

/// Serves one device until the worker drains.
pub(crate) async fn serve(slot: Slot, host: Arc<Host>, drain: Drain) {
    let mut backoff = Backoff::new();
    // How the last trainer found the device, until it is known to have left it so.
    let mut before: Option<Usage> = None;
    loop {
        let asked = Instant::now();
        // A grant whose answer is dropped here is found by its lease's end.
        let claimed = tokio::select! {
            biased;
            () = drain.begun.cancelled() => return,
            claimed = next_grant(&slot, &host, before.as_ref()) => claimed,
        };
        before = None;
        match claimed {
            Ok(Some(claim)) => {
                backoff = Backoff::new();
                before = Some(claim.idle.clone());
                attempt::carry_out(&host, &slot, claim, &drain).await;
            }
            Ok(None) => {
                backoff = Backoff::new();
                sleep_until(asked + BETWEEN_CLAIMS).await;
            }
            Err(error) => {
                tokio::select! {
                    () = drain.begun.cancelled() => return,
                    () = recover(&error, &host, &mut backoff) => {}
                }
            }
        }
    }
}

async fn recover(error: &ClientError, host: &Host, backoff: &mut Backoff) {
    if error.code() == Some(ErrorCode::NotFound) {
        tracing::info!("the coordinator does not know this worker; saying hello again");
        host.roster.announce_until_heard().await;
    } else if is_away(error) {
        tracing::debug!(error = describe(error), "no answer to a claim");
    } else {
        tracing::warn!(error = describe(error), "the coordinator refused a claim");
    }
    backoff.wait().await;
}
