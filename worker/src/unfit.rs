//! Tells the coordinator of a GPU that has failed; the coordinator keeps it out of use until a user releases it.

use std::sync::Arc;

use crate::host::Host;
use crate::slot::Slot;

/// Waits until the slot's device fails, and tells it. A drain does not end this: a GPU may fail while its trainer stops.
pub(crate) async fn tell(slot: Slot, host: Arc<Host>) {
    let fault = slot.until_unfit().await;
    host.roster.set_unfit(&slot.device.uuid, slot.unfit_sentence(fault)).await;
}
