//! One device that this worker offers: what NVML shows of it, and how a trainer is narrowed to it.
//!
//! Must not know the coordinator.

use std::sync::Arc;
use std::time::Duration;

use pedigree_protocol::fleet::{Device, DeviceKind};
use pedigree_trainer_core::DeviceChoice;
use tokio::time::{Instant, sleep};

use crate::error::describe;
use crate::gpu::fault::Fault;
use crate::gpu::{Asker, GpuProbe, Journal, Reading, Usage};

/// How often a GPU that a trainer just left is looked at.
const LOOK_SOON: Duration = Duration::from_millis(250);

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

    /// Environment variables by which the trainer sees this device only.
    pub(crate) fn environment(&self) -> [(&'static str, &str); 2] {
        let visible = match self.device.kind {
            DeviceKind::Gpu => self.device.uuid.as_str(),
            DeviceKind::Cpu => "",
        };
        [("CUDA_VISIBLE_DEVICES", visible), ("CUDA_DEVICE_ORDER", "PCI_BUS_ID")]
    }

    /// What sits on the device now; a sentence where NVML fails.
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

    /// The gravest fault of the device since a moment, programs' errors left out.
    pub(crate) fn fault_since(&self, since: Instant) -> Option<Fault> {
        self.journal.worst_since(&self.device.uuid, since)
    }

    /// Ends when nothing can be computed on the device any more; says why.
    pub(crate) async fn until_unfit(&self) -> Fault {
        self.journal.until_unfit(&self.device.uuid).await
    }

    /// Why the device cannot be used, and what an operator does about it.
    pub(crate) fn unfit_sentence(&self, fault: Fault) -> String {
        format!(
            "{fault}: end this worker, reset the GPU (`nvidia-smi --gpu-reset`) or its host, start the worker again, then \
             `pedigree worker release {}`",
            self.device.uuid
        )
    }

    /// Whether nothing can be computed on the device any more.
    pub(crate) fn is_unfit(&self) -> bool {
        self.journal.unfit(&self.device.uuid).is_some()
    }

    /// A fault, and which GPU has it.
    pub(crate) fn accuse(&self, fault: Fault) -> String {
        format!("{fault} on {}", self.device.uuid)
    }

    /// What sits on the idle device, or why it must not be used now.
    pub(crate) async fn check_idle(&self) -> Result<Usage, String> {
        if let Some(fault) = self.journal.unfit(&self.device.uuid) {
            return Err(self.unfit_sentence(fault));
        }
        let usage = self.usage().await?;
        match usage.foreign() {
            Some(sentence) => Err(sentence),
            None => Ok(usage),
        }
    }

    /// Ends when a trainer that found the device in the state `before` has left it, or the device has failed.
    pub(crate) async fn until_left(&self, before: &Usage) {
        while !self.is_unfit() && !self.usage().await.is_ok_and(|usage| usage.is_back_to(before)) {
            sleep(LOOK_SOON).await;
        }
    }

    /// What sits on the device after the last trainer, which found it in the state `before`; or why it must not be used
    /// now.
    pub(crate) async fn check_left(&self, before: Option<&Usage>) -> Result<Usage, String> {
        let usage = self.check_idle().await?;
        match before.and_then(|before| usage.left_behind(before)) {
            Some(sentence) => Err(sentence),
            None => Ok(usage),
        }
    }
}
