//! Tells the coordinator of a GPU that has failed; the coordinator keeps it out of use until a user releases it.

use std::sync::Arc;

use crate::drain::Drain;
use crate::host::Host;
use crate::slot::Slot;

/// Waits until the slot's device fails, and tells it; ends when the worker drains.
pub(crate) async fn tell(slot: Slot, host: Arc<Host>, drain: Drain) {
    let told = async {
        let fault = slot.until_unfit().await;
        let uuid = &slot.device.uuid;
        let sentence = slot.unfit_sentence(fault);
        host.untold.keep(uuid, &sentence);
        if host.roster.set_unfit(uuid, sentence).await {
            host.untold.forget([uuid]);
        }
    };
    tokio::select! {
        () = drain.begun.cancelled() => {}
        () = told => {}
    }
}
