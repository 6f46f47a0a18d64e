//! Scaled dot-product attention over packed sequences: each sequence attends to itself alone, so there is no padding to
//! mask. Probabilities are not kept; the backward computes them again.

use std::sync::Arc;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::dropout::Mask;
use super::vector::{exp, sum, vectorised};
use super::{composed, on_cpu, values};
use crate::model::packed::Sequences;

/// `q`, `k`, `v` are `[pieces, heads * d]`, sequences where `at` says. `mask` is dropout on the probabilities.
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

/// One sequence of the batch, all heads.
#[derive(Clone, Copy)]
pub(super) struct Sequence {
    pub(super) index: usize,
    pub(super) start: usize,
    pub(super) length: usize,
    pub(super) heads: usize,
    pub(super) width: usize,
}

/// A packed operand, `[pieces, heads * d]`.
pub(super) type Operand<'a> = (&'a CpuStorage, &'a Layout);

impl Sequence {
    pub(super) fn depth(self) -> usize {
        self.width / self.heads
    }

    /// This sequence's rows as `[heads, length, d]`.
    pub(super) fn rows(self, (_, layout): Operand<'_>) -> Layout {
        let offset = layout.start_offset() + self.start * self.width;
        Layout::new((self.heads, self.length, self.depth()).into(), vec![self.depth(), self.width, 1], offset)
    }

    /// The same as `[heads, d, length]`.
    pub(super) fn columns(self, (_, layout): Operand<'_>) -> Layout {
        let offset = layout.start_offset() + self.start * self.width;
        Layout::new((self.heads, self.depth(), self.length).into(), vec![self.depth(), 1, self.width], offset)
    }

    pub(super) fn square(self) -> Layout {
        Layout::contiguous((self.heads, self.length, self.length))
    }

    pub(super) fn square_transposed(self) -> Layout {
        let shape = (self.heads, self.length, self.length).into();
        Layout::new(shape, vec![self.length * self.length, 1, self.length], 0)
    }

    /// x y^T of each head: `[heads, length, length]`.
    pub(super) fn scores(self, x: Operand<'_>, y: Operand<'_>) -> Result<Vec<f32>> {
        let shape = (self.heads, self.length, self.length, self.depth());
        floats(x.0.matmul(y.0, shape, &self.rows(x), &self.columns(y))?)
    }

    /// `square` x of each head, written to this sequence's rows of `out` `[length, heads * d]`.
    pub(super) fn combine(
        self,
        square: &CpuStorage,
        layout: &Layout,
        x: Operand<'_>,
        out: &mut [f32],
    ) -> Result<()> {
        let shape = (self.heads, self.length, self.depth(), self.length);
        let by_head = floats(square.matmul(x.0, shape, layout, &self.rows(x))?)?;
        for (at, from) in by_head.chunks(self.depth()).enumerate() {
            let (head, row) = (at / self.length, at % self.length);
            let to = row * self.width + head * self.depth();
            out[to..to + self.depth()].copy_from_slice(from);
        }
        Ok(())
    }

    /// softmax(q k^T / sqrt(d)).
    fn probabilities(self, q: Operand<'_>, k: Operand<'_>) -> Result<Vec<f32>> {
        let mut scores = self.scores(q, k)?;
        let scale = 1.0 / (self.depth() as f32).sqrt();
        vectorised(|| scores.chunks_mut(self.length).for_each(|row| softmax(row, scale)));
        Ok(scores)
    }

    pub(super) fn drop_out(self, mask: Option<Mask>, square: &mut [f32]) {
        if let Some(mask) = mask {
            let mask = mask.part(self.index as u32);
            vectorised(|| square.iter_mut().enumerate().for_each(|(at, p)| *p *= mask.factor(at as u32)));
        }
    }
}

#[inline(always)]
pub(super) fn softmax(row: &mut [f32], scale: f32) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    row.iter_mut().for_each(|score| *score = exp((*score - largest) * scale));
    let inverse = 1.0 / sum(row.len(), |at| row[at]);
    row.iter_mut().for_each(|p| *p *= inverse);
}

/// Replaces the gradient to probabilities by the gradient to unscaled scores: scale * p * (g - sum(p * g)).
#[inline(always)]
pub(super) fn softmax_backward(gradient: &mut [f32], probabilities: &[f32], scale: f32) {
    let along = sum(gradient.len(), |at| gradient[at] * probabilities[at]);
    for (gradient, p) in gradient.iter_mut().zip(probabilities) {
        *gradient = scale * p * (*gradient - along);
    }
}

pub(super) fn floats(storage: CpuStorage) -> Result<Vec<f32>> {
    match storage {
        CpuStorage::F32(values) => Ok(values),
        _ => bail!("the fused operations compute in f32"),
    }
}

/// The sequences that end at `offsets`.
pub(super) fn sequences(offsets: &[usize], heads: usize, width: usize) -> Vec<Sequence> {
    let bounds = offsets.windows(2).enumerate();
    bounds
        .map(|(index, bound)| Sequence { index, start: bound[0], length: bound[1] - bound[0], heads, width })
        .collect()
}

/// `whole` `[pieces, width]`, cut at the ends of sequences. What lies behind the last one is left out.
pub(super) fn cut<'a>(offsets: &[usize], mut whole: &'a mut [f32], width: usize) -> Vec<&'a mut [f32]> {
    let mut parts = Vec::with_capacity(offsets.len());
    for bound in offsets.windows(2) {
        let (part, rest) = whole.split_at_mut((bound[1] - bound[0]) * width);
        parts.push(part);
        whole = rest;
    }
    parts
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
