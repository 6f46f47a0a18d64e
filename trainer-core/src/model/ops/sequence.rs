//! One sequence of a packed batch in attention: its rows by head, its scores, its share of the result.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, Layout, Result};

use super::cpu::floats;
use super::vector::{exp, sum, vectorised};
use crate::model::operand::Mask;

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
    pub(super) fn probabilities(self, q: Operand<'_>, k: Operand<'_>) -> Result<Vec<f32>> {
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
