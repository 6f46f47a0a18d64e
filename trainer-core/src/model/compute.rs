//! Where a model computes, and in which type.

use candle_core::{DType, Device, Tensor};

use super::MaskKeys;

/// A device with the type of the frozen weights and of the activations. What is trained stays in f32, and so do the
/// classifier's logits.
#[derive(Debug, Clone)]
pub(crate) struct Compute {
    pub(crate) device: Device,
    pub(crate) dtype: DType,
    /// Keep the inputs of layers alone and compute the rest again for the backward pass.
    pub(crate) recompute: bool,
}

impl Compute {
    /// The CPU in f32: the fused operations.
    pub(crate) const fn cpu() -> Self {
        Self { device: Device::Cpu, dtype: DType::F32, recompute: false }
    }

    /// Whether batches are padded to their longest sequence. The fused operations need no padding; the composed ones take
    /// all sequences in one product.
    pub(crate) fn pads(&self) -> bool {
        !is_fused(&self.device, self.dtype)
    }

    /// Frozen values for this model.
    pub(crate) fn frozen(&self, tensor: &Tensor) -> candle_core::Result<Tensor> {
        tensor.to_device(&self.device)?.to_dtype(self.dtype)
    }

    /// Starts the device's own generator, from which it draws dropout masks, at a place that the keys decide. A new
    /// generator is not cheap: once for a forward pass is enough, unless parts of it are to be computed again.
    pub(super) fn seed(&self, keys: &mut MaskKeys<'_>) -> candle_core::Result<()> {
        match keys {
            Some(keys) if !self.device.is_cpu() => self.device.set_seed(keys.bits()),
            _ => Ok(()),
        }
    }

    /// `cuda:0 in bf16` and the like.
    pub(crate) fn describe(&self) -> String {
        let device = match self.device.location() {
            candle_core::DeviceLocation::Cpu => "cpu".to_owned(),
            candle_core::DeviceLocation::Cuda { gpu_id } => format!("cuda:{gpu_id}"),
            candle_core::DeviceLocation::Metal { gpu_id } => format!("metal:{gpu_id}"),
        };
        format!("{device} in {}", self.dtype.as_str())
    }
}

/// Whether the fused operations compute on this device in this type.
pub(super) fn is_fused(device: &Device, dtype: DType) -> bool {
    device.is_cpu() && dtype == DType::F32
}
