//! Scaled dot-product attention over packed sequences. Each sequence attends only to itself, so there is no padding to
//! mask. Probabilities are not kept; the backward computes them again.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::composed;
use super::cpu::{on_cpu, values};
use super::sequence::{Operand, Sequence, cut, sequences, softmax_backward};
use super::vector::vectorised;
use crate::model::operand::Mask;
use crate::model::packed::Sequences;

/// `q`, `k`, `v` are `[pieces, heads * d]`; `at` says where sequences lie. `mask` is dropout on the probabilities.
pub(crate) fn attention(
    [q, k, v]: [&Tensor; 3],
    heads: usize,
    at: &Sequences,
    mask: Option<Mask>,
) -> Result<Tensor> {
    let Sequences { offsets, padding } = at;
    if let Some(padding) = padding {
        return composed::attention([q, k, v], heads, padding, mask);
    }
    let op = Attention { heads, offsets: Arc::clone(offsets), mask };
    q.contiguous()?.apply_op3(&k.contiguous()?, &v.contiguous()?, op)
}

struct Attention {
    heads: usize,
    offsets: Arc<[usize]>,
    mask: Option<Mask>,
}

impl Attention {
    fn backward_of(
        &self,
        sequence: Sequence,
        [q, k, v, gradient]: [Operand<'_>; 4],
        [to_q, to_k, to_v]: [&mut [f32]; 3],
    ) -> Result<()> {
        let probabilities = sequence.probabilities(q, k)?;
        let mut dropped = probabilities.clone();
        sequence.drop_out(self.mask, &mut dropped);
        let dropped = CpuStorage::F32(dropped);
        sequence.combine(&dropped, &sequence.square_transposed(), gradient, to_v)?;
        let mut scores = sequence.scores(gradient, v)?;
        sequence.drop_out(self.mask, &mut scores);
        let scale = 1.0 / (sequence.depth() as f32).sqrt();
        let rows = scores.chunks_mut(sequence.length).zip(probabilities.chunks(sequence.length));
        vectorised(|| rows.for_each(|(row, probabilities)| softmax_backward(row, probabilities, scale)));
        let scores = CpuStorage::F32(scores);
        sequence.combine(&scores, &sequence.square(), k, to_q)?;
        sequence.combine(&scores, &sequence.square_transposed(), q, to_k)
    }
}

impl CustomOp3 for Attention {
    fn name(&self) -> &'static str {
        "packed-attention"
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        q_layout: &Layout,
        k: &CpuStorage,
        k_layout: &Layout,
        v: &CpuStorage,
        v_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let width = q_layout.shape().dims2()?.1;
        let mut out = vec![0.0f32; values(q, q_layout)?.len()];
        let tasks: Vec<_> = sequences(&self.offsets, self.heads, width)
            .into_iter()
            .zip(cut(&self.offsets, &mut out, width))
            .collect();
        tasks.into_par_iter().try_for_each(|(sequence, out)| {
            let mut probabilities = sequence.probabilities((q, q_layout), (k, k_layout))?;
            sequence.drop_out(self.mask, &mut probabilities);
            sequence.combine(&CpuStorage::F32(probabilities), &sequence.square(), (v, v_layout), out)
        })?;
        Ok((CpuStorage::F32(out), q_layout.shape().clone()))
    }

    fn bwd(
        &self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let width = q.dim(1)?;
        let held = [q, k, v, &gradient].map(Tensor::storage_and_layout);
        let operand = |at: usize| on_cpu(&held[at].0).map(|storage| (storage, held[at].1));
        let operands = [operand(0)?, operand(1)?, operand(2)?, operand(3)?];
        let mut outs = [(); 3].map(|()| vec![0.0f32; q.elem_count()]);
        let [to_q, to_k, to_v] = outs.each_mut().map(|out| cut(&self.offsets, out, width));
        let tasks: Vec<_> =
            sequences(&self.offsets, self.heads, width).into_iter().zip(to_q).zip(to_k).zip(to_v).collect();
        tasks.into_par_iter().try_for_each(|(((sequence, to_q), to_k), to_v)| {
            self.backward_of(sequence, operands, [to_q, to_k, to_v])
        })?;
        let mut outs = outs.into_iter().map(|out| Tensor::from_vec(out, q.shape(), q.device()));
        let mut next = || outs.next().transpose();
        Ok((next()?, next()?, next()?))
    }
}
