//! A pretrained linear layer, with or without a LoRA branch.

use candle_core::Tensor;

use super::lora::Lora;
use super::mask_keys::{MaskKeys, next_mask};
use super::operand::{Affine, Branch, LowRank};
use super::ops::{linear, lora_linear};

/// y = x W^T + b, plus the branch where there is one.
pub(super) struct Projection {
    /// Path inside the encoder, such as `encoder.layer.0.attention.self.query`.
    pub(super) path: String,
    pub(super) layer: Affine,
    pub(super) lora: Option<Lora>,
}

impl Projection {
    /// `x` is `[pieces, in]`.
    pub(super) fn forward(&self, x: &Tensor, keys: &mut MaskKeys<'_>) -> candle_core::Result<Tensor> {
        let Some(lora) = &self.lora else { return linear(x, &self.layer) };
        let branch = Branch { scale: lora.scale, mask: next_mask(keys, lora.dropout) };
        lora_linear(x, &self.layer, LowRank { a: &lora.a, b: &lora.b }, branch)
    }

    /// The same by candle's own operations and without dropout, to test the fused path.
    #[cfg(test)]
    pub(super) fn plain(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let y = x.matmul(&self.layer.weight.t()?)?.broadcast_add(&self.layer.bias)?;
        let Some(lora) = &self.lora else { return Ok(y) };
        y + (x.matmul(&lora.a.t()?)?.matmul(&lora.b.t()?)? * lora.scale)?
    }
}
