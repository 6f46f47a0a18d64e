//! The loop of one device: claim, carry out, again.
//!
//! Must not know how an attempt is carried out.

use std::sync::Arc;
use std::time::Duration;

use backon::Retryable as _;
use pedigree_protocol::ErrorCode;
use tokio::time::{Instant, sleep_until};

use crate::carry_out::carry_out;
use crate::claim::{Claim, next_grant};
use crate::drain::Drain;
use crate::error::describe;
use crate::gpu::Usage;
use crate::host::Host;
use crate::retry::{RequestError, pauses};
use crate::slot::Slot;

/// The shortest time from one claim to the next, for a coordinator that answers at once.
const BETWEEN_CLAIMS: Duration = Duration::from_millis(250);

/// Serves one device until the worker drains.
///
/// # Errors
/// When the coordinator serves another release and gives this worker no more work, or does not take its token while no slot
/// is at work.
pub(crate) async fn serve(slot: Slot, host: Arc<Host>, drain: Drain) -> Result<(), RequestError> {
    // The device's state before the last trainer, until the device is known to be back in it.
    let mut before: Option<Usage> = None;
    loop {
        let asked = Instant::now();
        // If this drops the answer, the grant ends with its lease.
        let claimed = tokio::select! {
            biased;
            () = drain.begun.cancelled() => return Ok(()),
            useless = host.token.until_useless() => return Err(useless),
            claimed = until_answered(&slot, &host, before.take()) => claimed?,
        };
        match claimed {
            Some(claim) => {
                before = Some(claim.idle.clone());
                let _busy = host.token.busy();
                carry_out(&host, &slot, claim, &drain).await;
            }
            None => sleep_until(asked + BETWEEN_CLAIMS).await,
        }
    }
}

/// Claims until there is an answer, which may be that there is no work.
async fn until_answered(
    slot: &Slot,
    host: &Host,
    mut before: Option<Usage>,
) -> Result<Option<Claim>, RequestError> {
    let claim = || {
        // Needed only until the device has been found free once.
        let before = before.take();
        async move {
            let answer = next_grant(slot, host, before.as_ref()).await;
            host.token.notice(&answer);
            if let Err(error) = &answer {
                recover(error, host).await?;
            }
            answer
        }
    };
    claim.retry(pauses()).when(|error: &RequestError| !error.is_other_release()).await
}

async fn recover(error: &RequestError, host: &Host) -> Result<(), RequestError> {
    if error.code() == Some(ErrorCode::NotFound) {
        tracing::info!("the coordinator does not know this worker; saying hello again");
        host.roster.announce_until_heard().await?;
    } else if error.may_pass() {
        tracing::debug!(error = describe(error), "no answer to a claim");
    } else {
        tracing::warn!(error = describe(error), "the coordinator refused a claim");
    }
    Ok(())
}
