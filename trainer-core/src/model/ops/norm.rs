//! Layer norm, by itself and fused with the residual sum and the dropout before it.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::composed;
use super::cpu::{is_fused, values, with_values};
use super::masked::apply;
use super::vector::{sum, vectorised};
use crate::model::operand::{Affine, Mask};

/// Rows that one task works on.
const ROWS: usize = 32;

/// LayerNorm(x + dropout(y)) over the last dimension. Where weight and bias are variables, they get gradients.
pub(crate) fn add_norm(
    x: &Tensor,
    y: &Tensor,
    mask: Option<Mask>,
    layer: &Affine,
    eps: f64,
) -> Result<Tensor> {
    if layer.is_variable() {
        let (weight, bias) = (layer.weight.to_dtype(x.dtype())?, layer.bias.to_dtype(x.dtype())?);
        let plain = Affine { weight: weight.ones_like()?, bias: bias.zeros_like()? };
        return add_norm(x, y, mask, &plain, eps)?.broadcast_mul(&weight)?.broadcast_add(&bias);
    }
    if !is_fused(x) {
        return composed::add_norm(x, y, mask, layer, eps);
    }
    let op = AddNorm { layer: layer.clone(), mask, eps: eps as f32 };
    x.contiguous()?.apply_op2(&y.contiguous()?, op)
}

/// LayerNorm(x) over the last dimension.
pub(crate) fn norm(x: &Tensor, layer: &Affine, eps: f64) -> Result<Tensor> {
    add_norm(x, &x.zeros_like()?, None, layer, eps)
}

struct AddNorm {
    layer: Affine,
    mask: Option<Mask>,
    eps: f32,
}

impl CustomOp2 for AddNorm {
    fn name(&self) -> &'static str {
        "add-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        y: &CpuStorage,
        y_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, y) = (values(x, x_layout)?, values(y, y_layout)?);
        let width = self.layer.weight.elem_count();
        let mut out = vec![0.0f32; x.len()];
        with_values([&self.layer.weight, &self.layer.bias], |[weight, bias]| {
            self.each_block(&mut out, x, y, width, |_, row| {
                let MeanAndScale { mean, scale } = MeanAndScale::of(row, self.eps);
                for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
                    *value = (*value - mean) * scale * weight + bias;
                }
            });
            Ok(())
        })?;
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        y: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let width = self.layer.weight.elem_count();
        let gradient = gradient.contiguous()?;
        let out = with_values([x, y, &gradient, &self.layer.weight], |[x, y, gradient, weight]| {
            let mut out = vec![0.0f32; x.len()];
            self.each_block(&mut out, x, y, width, |at, row| {
                backward_row(row, &gradient[at..at + width], weight, self.eps);
            });
            Ok(out)
        })?;
        let to_x = Tensor::from_vec(out, x.shape(), x.device())?;
        let to_y = self.mask.map_or_else(|| Ok(to_x.clone()), |mask| apply(mask, &to_x))?;
        Ok((Some(to_x), Some(to_y)))
    }
}

impl AddNorm {
    /// Puts x + dropout(y) into `out` and calls `work` on each row of it, with the index of the row's first element.
    #[inline(always)]
    fn each_block(
        &self,
        out: &mut [f32],
        x: &[f32],
        y: &[f32],
        width: usize,
        work: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        let block = ROWS * width;
        let inputs = x.par_chunks(block).zip(y.par_chunks(block));
        out.par_chunks_mut(block).zip(inputs).enumerate().for_each(|(index, (out, (x, y)))| {
            let first = index * block;
            vectorised(|| {
                self.residual(out, x, y, first);
                for (row, values) in out.chunks_mut(width).enumerate() {
                    work(first + row * width, values);
                }
            });
        });
    }

    #[inline(always)]
    fn residual(&self, out: &mut [f32], x: &[f32], y: &[f32], first: usize) {
        let sums = out.iter_mut().zip(x).zip(y);
        match self.mask {
            None => sums.for_each(|((out, x), y)| *out = x + y),
            Some(mask) => sums
                .enumerate()
                .for_each(|(at, ((out, x), y))| *out = x + y * mask.factor((first + at) as u32)),
        }
    }
}

struct MeanAndScale {
    mean: f32,
    /// One over the standard deviation.
    scale: f32,
}

impl MeanAndScale {
    #[inline(always)]
    fn of(row: &[f32], eps: f32) -> Self {
        let count = row.len() as f32;
        let mean = sum(row.len(), |at| row[at]) / count;
        let variance = sum(row.len(), |at| (row[at] - mean) * (row[at] - mean)) / count;
        Self { mean, scale: 1.0 / (variance + eps).sqrt() }
    }
}

/// Replaces a row of inputs by the gradient to them. With h = (z - mean) / deviation and w = gradient * weight it is
/// (w - mean(w) - h * mean(w * h)) / deviation.
#[inline(always)]
fn backward_row(row: &mut [f32], gradient: &[f32], weight: &[f32], eps: f32) {
    let MeanAndScale { mean, scale } = MeanAndScale::of(row, eps);
    let count = row.len() as f32;
    let weighted = |at: usize| gradient[at] * weight[at];
    let mean_weighted = sum(row.len(), weighted) / count;
    let mean_along = sum(row.len(), |at| weighted(at) * (row[at] - mean) * scale) / count;
    for (at, value) in row.iter_mut().enumerate() {
        let normed = (*value - mean) * scale;
        *value = scale * (weighted(at) - mean_weighted - normed * mean_along);
    }
}
