//! Listens to NVML's events, one thread per GPU. NVML does not name a lost GPU, so each GPU has its own event set.
//!
//! Where the driver has no events for a GPU, the watcher still checks its error count and whether it answers.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use nvml_wrapper::Device;
use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enum_wrappers::device::{EccCounter, MemoryError};
use nvml_wrapper::error::NvmlError;
use pedigree_mig::{Event, Events, Instance, Library};

use super::chips;
use super::fault::Fault;
use super::journal::Journal;
use super::probe::Gpu;

/// How long to wait for an event, and so how often counts are checked.
const TICK: Duration = Duration::from_millis(500);

/// Watches the GPUs until nobody holds the journal any more.
pub(super) fn start(library: &Arc<Library>, gpus: &[Gpu], journal: &Arc<Journal>) {
    let mut chips: Vec<(String, Vec<Part>)> = Vec::new();
    for gpu in gpus {
        let part = Part::of(gpu);
        let chip = gpu.chip();
        match chips.iter_mut().find(|(known, _)| known == chip) {
            Some((_, parts)) => parts.push(part),
            None => chips.push((chip.to_owned(), vec![part])),
        }
    }
    for (uuid, parts) in chips {
        let (ready, began) = sync_channel(1);
        let watch = Watch { uuid, parts, ready, journal: Arc::downgrade(journal) };
        let library = Arc::clone(library);
        let started = thread::Builder::new().name("nvml-events".into()).spawn(move || watch.follow(&library));
        // From here on no event is missed.
        if let Err(error) = started.map(|_| began.recv()) {
            tracing::warn!(%error, "a GPU's events are not listened to");
        }
    }
}

/// A part of a GPU that is offered: the GPU itself, or one of its MIG instances.
struct Part {
    uuid: String,
    /// The instance's numbers; `None` for a whole GPU, and where the driver does not tell them.
    instance: Option<Instance>,
}

impl Part {
    fn of(gpu: &Gpu) -> Self {
        if gpu.parent.is_some() && gpu.instance.is_none() {
            tracing::warn!(
                gpu.uuid,
                "the numbers of a MIG instance are not known; it is blamed for the faults of all"
            );
        }
        Self { uuid: gpu.uuid.clone(), instance: gpu.instance }
    }

    /// Whether a fault hit this part. A fault without an instance hits every part.
    fn is_hit_by(&self, told: &Told) -> bool {
        told.instance.zip(self.instance).is_none_or(|(hit, own)| hit.covers(own))
    }
}

/// A fault, and the MIG instance that it hit where NVML names one.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Told {
    fault: Fault,
    instance: Option<Instance>,
}

/// The watch over one GPU.
struct Watch {
    uuid: String,
    parts: Vec<Part>,
    /// Dropped once it listens.
    ready: SyncSender<()>,
    journal: Weak<Journal>,
}

impl Watch {
    fn follow(self, library: &Library) {
        let device = match chips::find(library.nvml(), &self.uuid) {
            Ok(device) => device,
            Err(error) => {
                tracing::warn!(gpu.uuid = self.uuid, %error, "a GPU cannot be found again and is not watched");
                return;
            }
        };
        let events = subscribe(library, &device);
        let mut counted = uncorrected(&device);
        drop(self.ready);
        loop {
            let event = wait(events.as_ref());
            let now = uncorrected(&device);
            let risen = counted.zip(now).map_or(0, |(before, now)| now.saturating_sub(before));
            counted = now.or(counted);
            let risen = (risen > 0).then_some(Fault::Uncorrected(risen));
            let silent = device.memory_info().err().and_then(|error| silence(&error));
            let Some(journal) = self.journal.upgrade() else { return };
            let whole = |fault| Told { fault, instance: None };
            let mut told: Vec<Told> =
                [event, risen.map(whole), silent.map(whole)].into_iter().flatten().collect();
            told.dedup();
            for told in &told {
                let hit = self.parts.iter().filter(|part| part.is_hit_by(told));
                hit.for_each(|part| journal.note(&part.uuid, told.fault));
            }
            // A lost GPU would report the same fault for ever.
            if told.iter().any(|told| told.fault == Fault::Lost) || silent.is_some() {
                return;
            }
        }
    }
}

fn uncorrected(device: &Device<'_>) -> Option<u64> {
    device.total_ecc_errors(MemoryError::Uncorrected, EccCounter::Volatile).ok()
}

/// The GPU's events that tell a fault, as far as it has them.
fn subscribe<'a>(library: &'a Library, device: &Device<'a>) -> Option<Events<'a>> {
    let wanted = EventTypes::CRITICAL_XID_ERROR | EventTypes::DOUBLE_BIT_ECC_ERROR;
    let there = device.supported_event_types().ok()? & wanted;
    if there.is_empty() {
        return None;
    }
    match library.listen(device, there) {
        Ok(events) => Some(events),
        Err(error) => {
            tracing::warn!(%error, "a GPU's events cannot be listened to; its errors are counted instead");
            None
        }
    }
}

/// The fault that the next event tells, if there is one within a tick.
fn wait(events: Option<&Events<'_>>) -> Option<Told> {
    let Some(events) = events else {
        thread::sleep(TICK);
        return None;
    };
    match events.wait(u32::try_from(TICK.as_millis()).unwrap_or(u32::MAX)) {
        Ok(event) => fault(event).map(|fault| Told { fault, instance: event.instance }),
        Err(NvmlError::Timeout) => None,
        Err(error) => {
            tracing::debug!(%error, "no event could be waited for");
            thread::sleep(TICK);
            silence(&error).map(|fault| Told { fault, instance: None })
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

fn fault(event: Event) -> Option<Fault> {
    let double_bit = || event.kind.contains(EventTypes::DOUBLE_BIT_ECC_ERROR).then_some(Fault::DoubleBitEcc);
    event.xid.map(Fault::Xid).or_else(double_bit)
}
