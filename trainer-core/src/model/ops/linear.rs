//! A linear layer. It is frozen and gets no gradient to its weights, unless it is that of a new head.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::composed;
use super::cpu::{floats, is_fused, on_cpu, with_values};
use super::vector::vectorised;
use crate::model::operand::Affine;

/// x W^T + b with `x` `[rows, in]`. Where weight and bias are variables, they get gradients.
pub(crate) fn linear(x: &Tensor, layer: &Affine) -> Result<Tensor> {
    if layer.is_variable() {
        let weight = layer.weight.to_dtype(x.dtype())?;
        return x.matmul(&weight.t()?)?.broadcast_add(&layer.bias.to_dtype(x.dtype())?);
    }
    if !is_fused(x) {
        return composed::linear(x, layer);
    }
    x.contiguous()?.apply_op1(Linear(layer.clone()))
}

struct Linear(Affine);

impl CustomOp1 for Linear {
    fn name(&self) -> &'static str {
        "frozen-linear"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, _) = layout.shape().dims2()?;
        let y = affine(x, layout, &self.0)?;
        Ok((CpuStorage::F32(y), (rows, self.0.weight.dim(0)?).into()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient.matmul(&self.0.weight).map(Some)
    }
}

/// The values of x W^T + b.
pub(super) fn affine(x: &CpuStorage, layout: &Layout, layer: &Affine) -> Result<Vec<f32>> {
    let mut y = by_transposed(x, layout, &layer.weight)?;
    with_values([&layer.bias], |[bias]| {
        y.par_chunks_mut(bias.len() * 32).for_each(|block| {
            vectorised(|| {
                for row in block.chunks_mut(bias.len()) {
                    row.iter_mut().zip(bias).for_each(|(y, b)| *y += b);
                }
            });
        });
        Ok(())
    })?;
    Ok(y)
}

/// The values of x W^T, for `weight` `[out, in]` on the CPU.
fn by_transposed(x: &CpuStorage, layout: &Layout, weight: &Tensor) -> Result<Vec<f32>> {
    let (held, weight_layout) = weight.storage_and_layout();
    product(x, layout, on_cpu(&held)?, weight_layout)
}

/// The values of x W^T, from storages.
pub(super) fn product(
    x: &CpuStorage,
    layout: &Layout,
    weight: &CpuStorage,
    weight_layout: &Layout,
) -> Result<Vec<f32>> {
    let (rows, width) = layout.shape().dims2()?;
    let (out, input) = weight_layout.shape().dims2()?;
    if input != width {
        bail!("a linear layer with {input} inputs was given {width}");
    }
    floats(x.matmul(weight, (1, rows, out, width), layout, &weight_layout.transpose(0, 1)?)?)
}
