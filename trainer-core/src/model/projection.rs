//! A pretrained linear layer, with or without a LoRA branch.

use candle_core::{Device, Tensor};

use super::lora::{Lora, LoraShape};
use super::ops::{Branch, linear, lora_linear};
use super::{MaskKeys, next_mask};
use crate::TrainError;
use crate::backbone::Weights;
use crate::rng::Seeds;

/// y = x W^T + b, plus the branch where there is one.
pub(super) struct Projection {
    /// Path inside the encoder, such as `encoder.layer.0.attention.self.query`.
    pub(super) path: String,
    weight: Tensor,
    bias: Tensor,
    pub(super) lora: Option<Lora>,
}

/// What every part of the encoder is built from.
pub(super) struct Source<'a> {
    pub(super) weights: &'a Weights,
    pub(super) lora: Option<LoraShape>,
    pub(super) seeds: &'a Seeds,
    pub(super) device: &'a Device,
}

impl Source<'_> {
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, TrainError> {
        Ok(self.weights.get(name, shape, self.device)?)
    }

    /// The linear layer at `path`, `[out, in]`.
    pub(super) fn projection(
        &self,
        path: String,
        (out, input): (usize, usize),
    ) -> Result<Projection, TrainError> {
        let weight = self.tensor(&format!("{path}.weight"), &[out, input])?;
        let bias = self.tensor(&format!("{path}.bias"), &[out])?;
        let covered = self.lora.filter(|lora| lora.targets.covers(&path));
        let branch = |shape| Lora::new(shape, (out, input), &self.seeds.child(&path), self.device);
        let lora = covered.map(branch).transpose()?;
        Ok(Projection { path, weight, bias, lora })
    }
}

impl Projection {
    /// `x` is `[pieces, in]`.
    pub(super) fn forward(&self, x: &Tensor, keys: &mut MaskKeys<'_>) -> candle_core::Result<Tensor> {
        let Some(lora) = &self.lora else { return linear(x, &self.weight, &self.bias) };
        let branch = Branch { scale: lora.scale, mask: next_mask(keys, lora.dropout) };
        lora_linear(x, (&self.weight, &self.bias), (&lora.a, &lora.b), branch)
    }

    /// The same by candle's own operations, without dropout: what the fused path is tested against.
    #[cfg(test)]
    pub(super) fn plain(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let y = x.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)?;
        let Some(lora) = &self.lora else { return Ok(y) };
        y + (x.matmul(&lora.a.t()?)?.matmul(&lora.b.t()?)? * lora.scale)?
    }
}
