//! A claim: the device is found free, and the coordinator is asked for work for it.

use std::time::Duration;

use pedigree_protocol::lease::{ClaimRequest, LeaseGrant};
use tokio::time::{Instant, sleep};

use crate::gpu::Usage;
use crate::host::Host;
use crate::retry::{ANSWER_LIMIT, RequestError, within};
use crate::slot::Slot;

/// How often a GPU that somebody else uses is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The longest that a claim is held by the coordinator: after it the GPU is looked at again.
const LONGEST_POLL: Duration = Duration::from_secs(10);

/// Work that was granted, and what was known when it was asked for.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) grant: LeaseGrant,
    pub(crate) asked: Instant,
    pub(crate) idle: Usage,
}

/// Asks once for work for a device, as soon as it is free.
pub(crate) async fn next_grant(
    slot: &Slot,
    host: &Host,
    before: Option<&Usage>,
) -> Result<Option<Claim>, RequestError> {
    let idle = until_free(slot, host, before).await;
    // The lease runs from the grant, but renewals are scheduled from the request: a longer poll would make the first one
    // late.
    let hold = (host.roster.lease_ttl() / 3).min(LONGEST_POLL);
    let request = ClaimRequest {
        worker_id: host.roster.worker_id(),
        device_uuid: slot.device.uuid.clone(),
        wait_ms: u32::try_from(hold.as_millis()).unwrap_or(u32::MAX),
    };
    let asked = Instant::now();
    let grant = within(hold + ANSWER_LIMIT, host.client.claim(&request)).await?;
    Ok(grant.map(|grant| Claim { grant, asked, idle }))
}

/// Ends when the device is free; meanwhile the coordinator is told why it is not.
async fn until_free(slot: &Slot, host: &Host, before: Option<&Usage>) -> Usage {
    loop {
        let free = match host.aside.sentence() {
            Some(sentence) => Err(sentence),
            None => slot.check_left(before).await,
        };
        match free {
            Ok(usage) => {
                host.roster.set_unavailable(&slot.device.uuid, None).await;
                return usage;
            }
            Err(sentence) => {
                tracing::debug!(gpu.uuid = slot.device.uuid, sentence, "a GPU is not free");
                host.roster.set_unavailable(&slot.device.uuid, Some(sentence)).await;
                sleep(LOOK_AGAIN).await;
            }
        }
    }
}
