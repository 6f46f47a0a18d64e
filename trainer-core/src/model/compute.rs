//! Where a model computes, and in which type.

use candle_core::{DType, Device, Tensor};

use super::mask_keys::MaskKeys;

/// A device, and the type of frozen weights and activations. Trained values and the classifier's logits stay in f32.
#[derive(Debug, Clone)]
pub(crate) struct Compute {
    pub(crate) device: Device,
    pub(crate) dtype: DType,
    /// Keep only the inputs of layers, and compute the rest again for the backward pass.
    pub(crate) recompute: bool,
}

impl Compute {
    /// The CPU in f32: the fused operations.
    pub(crate) const fn cpu() -> Self {
        Self { device: Device::Cpu, dtype: DType::F32, recompute: false }
    }

    /// Whether batches are padded to their longest sequence. The fused operations need no padding. The composed ones compute
    /// all sequences in one product.
    pub(crate) fn pads(&self) -> bool {
        !is_fused(&self.device, self.dtype)
    }

    /// Frozen values for this model.
    pub(crate) fn frozen(&self, tensor: &Tensor) -> candle_core::Result<Tensor> {
        tensor.to_device(&self.device)?.to_dtype(self.dtype)
    }

    /// Seeds the device's own generator, which draws its dropout masks, with the next key. Seeding is not cheap: once per
    /// forward pass is enough, unless parts of it are computed again.
    pub(super) fn seed(&self, keys: &mut MaskKeys<'_>) -> candle_core::Result<()> {
        match keys {
            Some(keys) if !self.device.is_cpu() => self.device.set_seed(keys.bits()),
            _ => Ok(()),
        }
    }

    /// Such as `cuda:0 in bf16`.
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
