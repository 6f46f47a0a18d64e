//! The operations composed of candle's own, for devices and types that the fused ones do not know: CUDA in bf16 or f16.
//!
//! Every product and kernel here is candle's, on the device that holds the tensors. The backwards are written by hand, so
//! that no gradient of a frozen weight is computed and attention keeps no scores. On the CPU in f64 they are what the
//! fused operations are tested against.

mod attention;
mod disentangled;

pub(super) use attention::attention;
pub(super) use disentangled::disentangled_attention;

use candle_core::{D, DType, Result, Tensor};

use super::by_hand::{of_one, of_three, of_two};
use super::dropout::Mask;
use super::lora::Branch;

/// Which elements dropout keeps: drawn once, kept in bytes for the backward.
#[derive(Clone)]
struct Kept {
    /// 1 where an element is kept.
    kept: Tensor,
    scale: f64,
}

impl Kept {
    fn draw(mask: Option<Mask>, like: &Tensor) -> Result<Option<Self>> {
        let draw = |mask: Mask| {
            let kept = if like.device().is_cpu() {
                let ones = mask.masked(&vec![1.0; like.elem_count()]);
                Tensor::from_vec(ones, like.shape(), like.device())?.gt(0f32)?
            } else {
                drawn(like)?.ge(mask.probability())?
            };
            Ok(Self { kept, scale: mask.scale() })
        };
        mask.map(draw).transpose()
    }

    fn apply(kept: Option<&Self>, x: &Tensor) -> Result<Tensor> {
        match kept {
            Some(Self { kept, scale }) => x * (kept.to_dtype(x.dtype())? * *scale)?,
            None => Ok(x.clone()),
        }
    }
}

/// Uniform in [0, 1), by the device's own generator, which the model has seeded.
#[expect(clippy::disallowed_methods, reason = "never on the CPU, whose generator cannot be seeded")]
fn drawn(like: &Tensor) -> Result<Tensor> {
    Tensor::rand(0f32, 1f32, like.shape(), like.device())
}

/// As [`super::linear`], for frozen weights.
pub(super) fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let value = x.detach().matmul(&weight.t()?)?.broadcast_add(bias)?;
    let weight = weight.clone();
    of_one(x, &value, move |_, gradient| Ok([Some(gradient.matmul(&weight)?)]))
}

/// As [`super::lora_linear`]; `a` and `b` are f32, whatever the type of the rest.
pub(super) fn lora_linear(
    x: &Tensor,
    (weight, bias): (&Tensor, &Tensor),
    (a, b): (&Tensor, &Tensor),
    Branch { scale, mask }: Branch,
) -> Result<Tensor> {
    let dtype = x.dtype();
    let cast = move |tensor: &Tensor| tensor.detach().to_dtype(dtype);
    let kept = Kept::draw(mask, x)?;
    let low = Kept::apply(kept.as_ref(), &x.detach())?.matmul(&cast(a)?.t()?)?;
    let branch = (low.matmul(&cast(b)?.t()?)? * scale)?;
    let value = (x.detach().matmul(&weight.t()?)?.broadcast_add(bias)? + branch)?;
    let (weight, tracked) = (weight.clone(), x.track_op());
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

/// As [`super::dropout`].
pub(super) fn dropout(x: &Tensor, mask: Mask) -> Result<Tensor> {
    let kept = Kept::draw(Some(mask), x)?;
    let value = Kept::apply(kept.as_ref(), &x.detach())?;
    of_one(x, &value, move |_, gradient| Ok([Some(Kept::apply(kept.as_ref(), gradient)?)]))
}

/// As [`super::add_norm`], for frozen weights. Sums are in f32 at least.
pub(super) fn add_norm(
    x: &Tensor,
    y: &Tensor,
    mask: Option<Mask>,
    (weight, bias): (&Tensor, &Tensor),
    eps: f64,
) -> Result<Tensor> {
    let kept = Kept::draw(mask, y)?;
    let sum = (x.detach() + Kept::apply(kept.as_ref(), &y.detach())?)?;
    let value = if sum.dtype() == DType::F64 {
        // candle's kernel does not know it.
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

/// The type that sums of values of `dtype` are in.
fn wide(dtype: DType) -> DType {
    if dtype == DType::F64 { DType::F64 } else { DType::F32 }
}

/// Each row less its mean, over its standard deviation; and one over that.
fn normed(x: &Tensor, eps: f64) -> Result<(Tensor, Tensor)> {
    let x = x.to_dtype(wide(x.dtype()))?;
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let inverse = (centred.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?.recip()?;
    Ok((centred.broadcast_mul(&inverse)?, inverse))
}

/// The rows `index` (`[m]`, no row twice) of `x`. candle's own backward adds row after row.
pub(super) fn rows(x: &Tensor, index: &Tensor) -> Result<Tensor> {
    let value = x.detach().index_select(index, 0)?;
    let index = index.clone();
    of_one(x, &value, move |[x], gradient| {
        let (chosen, count) = (index.to_vec1::<u32>()?, index.elem_count() as u32);
        // Where each row of x went; the row behind the last gradient is zero.
        let mut places = vec![count; x.dim(0)?];
        chosen.iter().zip(0..).for_each(|(row, place)| places[*row as usize] = place);
        let zero = Tensor::zeros((1, x.dim(1)?), gradient.dtype(), gradient.device())?;
        let places = Tensor::from_vec(places, x.dim(0)?, x.device())?;
        Ok([Some(Tensor::cat(&[gradient, &zero], 0)?.index_select(&places, 0)?)])
    })
}
