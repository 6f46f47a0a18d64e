//! A linear layer. Frozen, as all are but those of a new head: no gradient to its weights.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::vector::vectorised;
use super::{composed, is_fused, on_cpu, with_values};

/// x W^T + b with `x` `[rows, in]`, `weight` `[out, in]`, `bias` `[out]`. Where they are variables, weight and bias get
/// gradients.
pub(crate) fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if weight.is_variable() || bias.is_variable() {
        let weight = weight.to_dtype(x.dtype())?;
        return x.matmul(&weight.t()?)?.broadcast_add(&bias.to_dtype(x.dtype())?);
    }
    if !is_fused(x) {
        return composed::linear(x, weight, bias);
    }
    x.contiguous()?.apply_op1(Linear { weight: weight.clone(), bias: bias.clone() })
}

struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl CustomOp1 for Linear {
    fn name(&self) -> &'static str {
        "frozen-linear"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, _) = layout.shape().dims2()?;
        let y = affine(x, layout, &self.weight, &self.bias)?;
        Ok((CpuStorage::F32(y), (rows, self.weight.dim(0)?).into()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient.matmul(&self.weight).map(Some)
    }
}

/// The values of x W^T + b.
pub(super) fn affine(x: &CpuStorage, layout: &Layout, weight: &Tensor, bias: &Tensor) -> Result<Vec<f32>> {
    let mut y = by_transposed(x, layout, weight)?;
    with_values([bias], |[bias]| {
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
pub(super) fn by_transposed(x: &CpuStorage, layout: &Layout, weight: &Tensor) -> Result<Vec<f32>> {
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
    match x.matmul(weight, (1, rows, out, width), layout, &weight_layout.transpose(0, 1)?)? {
        CpuStorage::F32(y) => Ok(y),
        _ => bail!("the fused operations compute in f32"),
    }
}
