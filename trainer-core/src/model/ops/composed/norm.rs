//! Residual sum and layer norm.

use candle_core::{D, DType, Result, Tensor};

use super::kept::Kept;
use super::wide::wide;
use crate::model::operand::{Affine, Mask};
use crate::model::ops::by_hand::of_two;

/// As [`crate::model::ops::add_norm`], for frozen weights. Sums are in f32 at least.
pub(in crate::model::ops) fn add_norm(
    x: &Tensor,
    y: &Tensor,
    mask: Option<Mask>,
    layer: &Affine,
    eps: f64,
) -> Result<Tensor> {
    let Affine { weight, bias } = layer;
    let kept = Kept::draw(mask, y)?;
    let sum = (x.detach() + Kept::apply(kept.as_ref(), &y.detach())?)?;
    let value = if sum.dtype() == DType::F64 {
        // candle's kernel does not support f64.
        normed(&sum, eps)?.0.broadcast_mul(weight)?.broadcast_add(bias)?
    } else {
        candle_nn::ops::layer_norm(&sum.contiguous()?, weight, bias, eps as f32)?
    };
    let weight = weight.clone();
    of_two([x, y], &value, move |[x, y], gradient| {
        let wide = wide(x.dtype());
        let (normed, inverse) = normed(&(x + Kept::apply(kept.as_ref(), &y)?)?, eps)?;
        let weighted = gradient.to_dtype(wide)?.broadcast_mul(&weight.to_dtype(wide)?)?;
        let along = normed.broadcast_mul(&(&weighted * &normed)?.mean_keepdim(D::Minus1)?)?;
        let to_sum = weighted.broadcast_sub(&weighted.mean_keepdim(D::Minus1)?)?.sub(&along)?;
        let to_sum = to_sum.broadcast_mul(&inverse)?.to_dtype(gradient.dtype())?;
        let to_y = Kept::apply(kept.as_ref(), &to_sum)?;
        Ok([Some(to_sum), Some(to_y)])
    })
}

/// Each row less its mean, over its standard deviation; and one over that.
fn normed(x: &Tensor, eps: f64) -> Result<(Tensor, Tensor)> {
    let x = x.to_dtype(wide(x.dtype()))?;
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let inverse = (centred.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?.recip()?;
    Ok((centred.broadcast_mul(&inverse)?, inverse))
}
