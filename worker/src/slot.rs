//! One device and its loop: wait until nobody sits on it, claim, carry out, again.
//!
//! Must not know how an attempt is carried out.

use std::sync::Arc;
use std::time::Duration;

use pedigree_protocol::ErrorCode;
use pedigree_protocol::client::ClientError;
use pedigree_protocol::fleet::{Device, DeviceKind};
use pedigree_protocol::lease::{ClaimRequest, LeaseGrant};
use pedigree_trainer_core::DeviceChoice;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::attempt;
use crate::backoff::{ANSWER_LIMIT, Backoff, is_away};
use crate::fleet_member::{Drain, Host};
use crate::gpu::fault::Fault;
use crate::gpu::{Asker, GpuProbe, Journal, Reading, Usage};

/// How often a GPU that somebody else uses is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How often a GPU that a trainer just left is looked at.
const LOOK_SOON: Duration = Duration::from_millis(250);
/// The least time from one claim to the next, for a coordinator that answers at once.
const BETWEEN_CLAIMS: Duration = Duration::from_millis(250);
/// The longest that a claim is held by the coordinator: after it the GPU is looked at again.
const LONGEST_POLL: Duration = Duration::from_secs(10);

/// A device that this worker offers.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) device: Device,
    nvml: Asker,
    journal: Arc<Journal>,
}

impl Slot {
    pub(crate) fn new(device: Device, probe: Arc<dyn GpuProbe>, journal: Arc<Journal>) -> Self {
        Self { device, nvml: Asker::new(probe), journal }
    }

    /// Where the trainer computes.
    pub(crate) fn device_choice(&self) -> DeviceChoice {
        match self.device.kind {
            DeviceKind::Gpu => DeviceChoice::Cuda,
            DeviceKind::Cpu => DeviceChoice::Cpu,
        }
    }

    /// What narrows the trainer to this device.
    pub(crate) fn environment(&self) -> [(&'static str, &str); 2] {
        let visible = match self.device.kind {
            DeviceKind::Gpu => self.device.uuid.as_str(),
            DeviceKind::Cpu => "",
        };
        [("CUDA_VISIBLE_DEVICES", visible), ("CUDA_DEVICE_ORDER", "PCI_BUS_ID")]
    }

    /// What sits on the device now; the sentence of NVML's failure otherwise.
    pub(crate) async fn usage(&self) -> Result<Usage, String> {
        if self.device.kind == DeviceKind::Cpu {
            return Ok(Usage::default());
        }
        let uuid = self.device.uuid.clone();
        match self.nvml.ask(move |nvml| nvml.usage(&uuid)).await {
            Some(Ok(usage)) => Ok(usage),
            Some(Err(fault)) => Err(describe(&fault)),
            None => Err("NVML does not answer; the driver hangs, or is busy".to_owned()),
        }
    }

    /// What the device counts and shows; `None` for a CPU slot.
    pub(crate) async fn reading(&self) -> Option<Reading> {
        if self.device.kind == DeviceKind::Cpu {
            return None;
        }
        let uuid = self.device.uuid.clone();
        Some(self.nvml.ask(move |nvml| nvml.reading(&uuid)).await.unwrap_or_default())
    }

    /// The gravest thing that has befallen the device since a moment, if no program is to blame for it.
    pub(crate) fn fault_since(&self, since: Instant) -> Option<Fault> {
        self.journal.worst_since(&self.device.uuid, since)
    }

    /// Ends when nothing can be computed on the device any more; says why.
    pub(crate) async fn until_unfit(&self) -> String {
        let fault = self.journal.until_unfit(&self.device.uuid).await;
        self.accuse(fault)
    }

    /// Whether nothing can be computed on the device any more.
    pub(crate) fn is_unfit(&self) -> bool {
        self.journal.unfit(&self.device.uuid).is_some()
    }

    /// A fault, and which GPU it befell.
    pub(crate) fn accuse(&self, fault: Fault) -> String {
        format!("{fault} on {}", self.device.uuid)
    }

    /// What sits on the idle device, or why it must not be used now.
    pub(crate) async fn check_idle(&self) -> Result<Usage, String> {
        if let Some(fault) = self.journal.unfit(&self.device.uuid) {
            return Err(format!(
                "{fault}: end this worker, reset the GPU (`nvidia-smi --gpu-reset`) or its host, start the worker again"
            ));
        }
        let usage = self.usage().await?;
        match usage.foreign() {
            Some(sentence) => Err(sentence),
            None => Ok(usage),
        }
    }

    /// Ends when a trainer that found the device in the state `before` has left it, or nobody will use it any more.
    pub(crate) async fn until_left(&self, before: &Usage) {
        while !self.is_unfit() && !self.usage().await.is_ok_and(|usage| usage.is_back_to(before)) {
            sleep(LOOK_SOON).await;
        }
    }

    /// What sits on the device, left by the last trainer, which found it in the state `before`; or why it must not be
    /// used now.
    async fn check_left(&self, before: Option<&Usage>) -> Result<Usage, String> {
        let usage = self.check_idle().await?;
        match before.and_then(|before| usage.left_behind(before)) {
            Some(sentence) => Err(sentence),
            None => Ok(usage),
        }
    }

    /// Ends when the device is free; meanwhile the coordinator is told why it is not.
    async fn until_free(&self, host: &Host, before: Option<&Usage>) -> Usage {
        loop {
            match self.check_left(before).await {
                Ok(usage) => {
                    host.roster.set_unavailable(&self.device.uuid, None).await;
                    return usage;
                }
                Err(sentence) => {
                    tracing::debug!(gpu.uuid = self.device.uuid, sentence, "a GPU is not free");
                    host.roster.set_unavailable(&self.device.uuid, Some(sentence)).await;
                    sleep(LOOK_AGAIN).await;
                }
            }
        }
    }
}

/// An error with its causes, in one sentence.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

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

/// Work that was granted, and what was known when it was asked for.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) grant: LeaseGrant,
    pub(crate) asked: Instant,
    pub(crate) idle: Usage,
}

async fn next_grant(slot: &Slot, host: &Host, before: Option<&Usage>) -> Result<Option<Claim>, ClientError> {
    let idle = slot.until_free(host, before).await;
    // The lease counts from the grant, our trust in it from the request: a longer poll would eat the trust.
    let hold = (host.roster.lease_ttl() / 3).min(LONGEST_POLL);
    let request = ClaimRequest {
        worker_id: host.roster.worker_id(),
        device_uuid: slot.device.uuid.clone(),
        wait_ms: u32::try_from(hold.as_millis()).unwrap_or(u32::MAX),
    };
    let asked = Instant::now();
    match timeout(hold + ANSWER_LIMIT, host.client.claim(&request)).await {
        Ok(answer) => Ok(answer?.map(|grant| Claim { grant, asked, idle })),
        Err(_) => Ok(None),
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
