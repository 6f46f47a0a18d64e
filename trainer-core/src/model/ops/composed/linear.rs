//! Frozen linear layers, with or without a LoRA branch.

use candle_core::{DType, Result, Tensor};

use super::kept::Kept;
use crate::model::operand::{Affine, Branch, LowRank};
use crate::model::ops::by_hand::{of_one, of_three};

/// x W^T + b, outside the graph.
fn plain(x: &Tensor, layer: &Affine) -> Result<Tensor> {
    x.detach().matmul(&layer.weight.t()?)?.broadcast_add(&layer.bias)
}

/// As [`crate::model::ops::linear`], for frozen weights.
pub(in crate::model::ops) fn linear(x: &Tensor, layer: &Affine) -> Result<Tensor> {
    let value = plain(x, layer)?;
    let weight = layer.weight.clone();
    of_one(x, &value, move |_, gradient| Ok([Some(gradient.matmul(&weight)?)]))
}

/// As [`crate::model::ops::lora_linear`]; `a` and `b` are f32, whatever the type of the rest.
pub(in crate::model::ops) fn lora_linear(
    x: &Tensor,
    layer: &Affine,
    LowRank { a, b }: LowRank<'_>,
    Branch { scale, mask }: Branch,
) -> Result<Tensor> {
    let dtype = x.dtype();
    let cast = move |tensor: &Tensor| tensor.detach().to_dtype(dtype);
    let kept = Kept::draw(mask, x)?;
    let low = Kept::apply(kept.as_ref(), &x.detach())?.matmul(&cast(a)?.t()?)?;
    let branch = (low.matmul(&cast(b)?.t()?)? * scale)?;
    let value = (plain(x, layer)? + branch)?;
    let (weight, tracked) = (layer.weight.clone(), x.track_op());
    of_three([x, a, b], &value, move |[x, a, b], gradient| {
        let (a, b) = (cast(&a)?, cast(&b)?);
        let dropped = Kept::apply(kept.as_ref(), &x)?;
        let low = (dropped.matmul(&a.t()?)? * scale)?;
        let to_b = gradient.t()?.matmul(&low)?.to_dtype(DType::F32)?;
        let to_low = (gradient.matmul(&b)? * scale)?;
        let to_a = to_low.t()?.matmul(&dropped)?.to_dtype(DType::F32)?;
        let to_input = || gradient.matmul(&weight)? + Kept::apply(kept.as_ref(), &to_low.matmul(&a)?)?;
        // Nothing below the lowest branch is trained: its input needs no gradient.
        Ok([tracked.then(to_input).transpose()?, Some(to_a), Some(to_b)])
    })
}
