//! Listens to NVML's events, one thread per GPU: its answer names a lost GPU no more, so that each has a set of its own.
//!
//! Where the driver has no events for a GPU, its count of errors and whether it answers are looked at all the same.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enum_wrappers::device::{EccCounter, MemoryError};
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::event::EventSet;
use nvml_wrapper::struct_wrappers::event::EventData;
use nvml_wrapper::{Device, Nvml as Library};

use super::chips;
use super::fault::Fault;
use super::journal::Journal;
use super::probe::Gpu;

/// How long an event is waited for; between two looks at what no event tells.
const TICK: Duration = Duration::from_millis(500);
/// How NVML says that it does not know the number.
const UNKNOWN_XID: u64 = 999;

/// Watches the GPUs until nobody holds the journal any more.
pub(super) fn start(library: &Arc<Library>, gpus: &[Gpu], journal: &Arc<Journal>) {
    let mut chips: Vec<(String, Vec<String>)> = Vec::new();
    for gpu in gpus {
        let chip = gpu.parent.as_ref().unwrap_or(&gpu.uuid);
        match chips.iter_mut().find(|(known, _)| known == chip) {
            Some((_, parts)) => parts.push(gpu.uuid.clone()),
            None => chips.push((chip.clone(), vec![gpu.uuid.clone()])),
        }
    }
    for (uuid, parts) in chips {
        let (ready, began) = sync_channel(1);
        let watch = Watch { uuid, parts, ready, journal: Arc::downgrade(journal) };
        let library = Arc::clone(library);
        let started = thread::Builder::new().name("nvml-events".into()).spawn(move || watch.follow(&library));
        // What befalls the GPU from here on is heard.
        if let Err(error) = started.map(|_| began.recv()) {
            tracing::warn!(%error, "a GPU's events are not listened to");
        }
    }
}

/// The watch over one GPU.
struct Watch {
    uuid: String,
    /// What of it is offered: itself, or its MIG instances.
    parts: Vec<String>,
    /// Dropped once it listens.
    ready: SyncSender<()>,
    journal: Weak<Journal>,
}

impl Watch {
    fn follow(self, library: &Library) {
        let Ok(device) = chips::find(library, &self.uuid) else { return };
        let events = subscribe(library, &device);
        let mut counted = uncorrected(&device);
        drop(self.ready);
        loop {
            let told = wait(events.as_ref());
            let now = uncorrected(&device);
            let risen = counted.zip(now).map_or(0, |(before, now)| now.saturating_sub(before));
            counted = now.or(counted);
            let risen = (risen > 0).then_some(Fault::Uncorrected(risen));
            let silent = device.memory_info().err().and_then(|error| silence(&error));
            let Some(journal) = self.journal.upgrade() else { return };
            let mut faults: Vec<Fault> = [told, risen, silent].into_iter().flatten().collect();
            faults.dedup();
            for fault in &faults {
                self.parts.iter().for_each(|uuid| journal.note(uuid, *fault));
            }
            // It says nothing any more, and would say so for ever.
            if faults.contains(&Fault::Lost) || silent.is_some() {
                return;
            }
        }
    }
}

fn uncorrected(device: &Device<'_>) -> Option<u64> {
    device.total_ecc_errors(MemoryError::Uncorrected, EccCounter::Volatile).ok()
}

/// The GPU's events that tell a fault, as far as it has them.
fn subscribe<'a>(library: &'a Library, device: &Device<'a>) -> Option<EventSet<'a>> {
    let wanted = EventTypes::CRITICAL_XID_ERROR | EventTypes::DOUBLE_BIT_ECC_ERROR;
    let there = device.supported_event_types().ok()? & wanted;
    if there.is_empty() {
        return None;
    }
    let set = library.create_event_set().ok()?;
    match device.register_events(there, set) {
        Ok(set) => Some(set),
        Err(error) => {
            tracing::warn!(%error, "a GPU's events cannot be listened to; its errors are counted instead");
            None
        }
    }
}

/// What the next event tells, if there is one within a tick.
fn wait(events: Option<&EventSet<'_>>) -> Option<Fault> {
    let Some(events) = events else {
        thread::sleep(TICK);
        return None;
    };
    match events.wait(u32::try_from(TICK.as_millis()).unwrap_or(u32::MAX)) {
        Ok(event) => fault(&event),
        Err(NvmlError::Timeout) => None,
        Err(error) => {
            tracing::debug!(%error, "no event could be waited for");
            thread::sleep(TICK);
            silence(&error)
        }
    }
}

/// What an answer says of a GPU that cannot answer.
const fn silence(error: &NvmlError) -> Option<Fault> {
    match error {
        NvmlError::GpuLost => Some(Fault::Lost),
        NvmlError::ResetRequired => Some(Fault::ResetRequired),
        _ => None,
    }
}

fn fault(event: &EventData<'_>) -> Option<Fault> {
    match event.event_data {
        Some(XidError::Value(number)) => Some(Fault::Xid(number)),
        Some(XidError::Unknown) => Some(Fault::Xid(UNKNOWN_XID)),
        None => event.event_type.contains(EventTypes::DOUBLE_BIT_ECC_ERROR).then_some(Fault::DoubleBitEcc),
    }
}
