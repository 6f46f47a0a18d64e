//! A frozen linear layer with a low-rank branch (Hu et al. 2021): y = x W^T + b + scale * dropout(x) A^T B^T.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::composed;
use super::cpu::{is_fused, values};
use super::linear::{affine, product};
use super::masked::{apply, masked};
use super::vector::vectorised;
use crate::model::operand::{Affine, Branch, LowRank};

/// `x` is `[rows, in]`; the matrices of the branch are trained, the layer is frozen.
pub(crate) fn lora_linear(
    x: &Tensor,
    layer: &Affine,
    LowRank { a, b }: LowRank<'_>,
    branch: Branch,
) -> Result<Tensor> {
    if !is_fused(x) {
        return composed::lora_linear(x, layer, LowRank { a, b }, branch);
    }
    x.contiguous()?.apply_op3(a, b, LoraLinear { layer: layer.clone(), branch })
}

struct LoraLinear {
    layer: Affine,
    branch: Branch,
}

impl CustomOp3 for LoraLinear {
    fn name(&self) -> &'static str {
        "lora-linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, _) = x_layout.shape().dims2()?;
        let mut y = affine(x, x_layout, &self.layer)?;
        let low = match self.branch.mask {
            Some(mask) => {
                let dropped = CpuStorage::F32(masked(mask, values(x, x_layout)?));
                product(&dropped, &Layout::contiguous(x_layout.shape()), a, a_layout)?
            }
            None => product(x, x_layout, a, a_layout)?,
        };
        let low_layout = Layout::contiguous((rows, a_layout.dims()[0]));
        let delta = product(&CpuStorage::F32(low), &low_layout, b, b_layout)?;
        add_scaled(&mut y, &delta, self.branch.scale as f32);
        Ok((CpuStorage::F32(y), (rows, self.layer.weight.dim(0)?).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        a: &Tensor,
        b: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let Branch { scale, mask } = self.branch;
        let (input, a, b) = (x.detach(), a.detach(), b.detach());
        let gradient = gradient.contiguous()?;
        let dropped = mask.map_or_else(|| Ok(input.clone()), |mask| apply(mask, &input))?;
        let low = (dropped.matmul(&a.t()?)? * scale)?;
        let to_b = gradient.t()?.matmul(&low)?;
        let to_low = (gradient.matmul(&b)? * scale)?;
        let to_a = to_low.t()?.matmul(&dropped)?;
        // Nothing below the lowest branch is trained: its input needs no gradient.
        let to_x = if x.track_op() { Some(self.to_input(&gradient, &to_low, &a)?) } else { None };
        Ok((to_x, Some(to_a), Some(to_b)))
    }
}

impl LoraLinear {
    fn to_input(&self, gradient: &Tensor, to_low: &Tensor, a: &Tensor) -> Result<Tensor> {
        let by_branch = to_low.matmul(a)?;
        let by_branch =
            self.branch.mask.map_or_else(|| Ok(by_branch.clone()), |mask| apply(mask, &by_branch))?;
        gradient.matmul(&self.layer.weight)? + by_branch
    }
}

fn add_scaled(y: &mut [f32], delta: &[f32], scale: f32) {
    const CHUNK: usize = 1 << 14;
    y.par_chunks_mut(CHUNK).zip(delta.par_chunks(CHUNK)).for_each(|(y, delta)| {
        vectorised(|| y.iter_mut().zip(delta).for_each(|(y, delta)| *y += scale * delta));
    });
}
