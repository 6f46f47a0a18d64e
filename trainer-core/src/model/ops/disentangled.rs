//! Disentangled attention (He et al. 2021, section 3.1) over packed sequences: content to content, content to position
//! and position to content in one operation.
//!
//! The score of query i and key j is (q_i k_j + q_i p^k(i - j) + k_j p^q(i - j)) / sqrt(d n), with n the number of
//! terms. Positional scores are looked up while scores are summed, so no `[heads, length, length]` index tensors exist,
//! and probabilities are computed again in the backward.

use std::ops::Range;
use std::sync::Arc;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::composed;
use super::cpu::{floats, on_cpu};
use super::sequence::{Operand, Sequence, cut, sequences, softmax, softmax_backward};
use super::vector::vectorised;
use crate::model::operand::{Mask, RelativeRows};
use crate::model::packed::Sequences;

/// `q` and `k` are `[pieces + rows, heads * d]`: the pieces are followed by the same projections of the relative
/// embeddings. `v` is `[pieces, heads * d]`; `at` says where sequences lie. `mask` is dropout on the probabilities.
pub(crate) fn disentangled_attention(
    [q, k, v]: [&Tensor; 3],
    heads: usize,
    at: &Sequences,
    rows: &Arc<RelativeRows>,
    mask: Option<Mask>,
) -> Result<Tensor> {
    let Sequences { offsets, padding } = at;
    if let Some(padding) = padding {
        return composed::disentangled_attention([q, k, v], heads, padding, rows, mask);
    }
    let op = Disentangled { heads, offsets: Arc::clone(offsets), rows: Arc::clone(rows), mask };
    q.contiguous()?.apply_op3(&k.contiguous()?, &v.contiguous()?, op)
}

struct Disentangled {
    heads: usize,
    offsets: Arc<[usize]>,
    rows: Arc<RelativeRows>,
    mask: Option<Mask>,
}

/// A sequence with the relative embeddings that its distances need.
#[derive(Clone, Copy)]
struct Positioned<'a> {
    sequence: Sequence,
    /// Row of each distance from -(length - 1) on, counted from `first`.
    by_distance: &'a [usize],
    /// The first row of `by_distance`, counted from the table's start.
    first: usize,
    /// Rows in use.
    count: usize,
    /// Where the table starts: after the pieces.
    table: usize,
    scale: f32,
}

/// The two factors of positional scores x p^T.
#[derive(Clone, Copy)]
struct Factors<'a> {
    /// The operand whose pieces are x.
    x: Operand<'a>,
    /// The operand whose relative rows are p.
    p: Operand<'a>,
}

/// Gradients to the used rows of `q` and `k`, `[count, heads * d]` each.
struct ToRows {
    rows: Range<usize>,
    q: Vec<f32>,
    k: Vec<f32>,
}

impl<'a> Positioned<'a> {
    fn new(sequence: Sequence, op: &'a Disentangled) -> Self {
        let middle = op.rows.by_distance.len() / 2;
        let reach = sequence.length - 1;
        let by_distance = &op.rows.by_distance[middle - reach..=middle + reach];
        let (first, last) = (by_distance[0], by_distance[2 * reach]);
        let scale = 1.0 / ((sequence.depth() * op.rows.terms()) as f32).sqrt();
        let table = op.offsets[op.offsets.len() - 1];
        Self { sequence, by_distance, first, count: last - first + 1, table, scale }
    }

    /// The rows of query `i` and each key.
    #[inline(always)]
    fn rows_of(&self, i: usize) -> impl Iterator<Item = usize> + '_ {
        let length = self.sequence.length;
        self.by_distance[i..i + length].iter().rev().map(|row| row - self.first)
    }

    fn offset(&self, (_, layout): Operand<'_>) -> usize {
        layout.start_offset() + (self.table + self.first) * self.sequence.width
    }

    /// The used relative rows of an operand as `[heads, count, d]`.
    fn relative_rows(&self, x: Operand<'_>) -> Layout {
        let Sequence { heads, width, .. } = self.sequence;
        let depth = self.sequence.depth();
        Layout::new((heads, self.count, depth).into(), vec![depth, width, 1], self.offset(x))
    }

    /// The same as `[heads, d, count]`.
    fn relative_columns(&self, x: Operand<'_>) -> Layout {
        let Sequence { heads, width, .. } = self.sequence;
        let depth = self.sequence.depth();
        Layout::new((heads, depth, self.count).into(), vec![depth, 1, width], self.offset(x))
    }

    /// x p^T of each head, with x the pieces of `x` and p the relative rows of `y`: `[heads, length, count]`.
    fn against_rows(&self, x: Operand<'_>, y: Operand<'_>) -> Result<Vec<f32>> {
        let Sequence { heads, length, .. } = self.sequence;
        let shape = (heads, length, self.count, self.sequence.depth());
        floats(x.0.matmul(y.0, shape, &self.sequence.rows(x), &self.relative_columns(y))?)
    }

    fn probabilities(&self, rows: &RelativeRows, q: Operand<'_>, k: Operand<'_>) -> Result<Vec<f32>> {
        let length = self.sequence.length;
        let mut scores = self.sequence.scores(q, k)?;
        let (square, oblong) = (length * length, length * self.count);
        if rows.c2p {
            let by_row = self.against_rows(q, k)?;
            for (scores, by_row) in scores.chunks_mut(square).zip(by_row.chunks(oblong)) {
                self.add_content(scores, by_row);
            }
        }
        if rows.p2c {
            let by_row = self.against_rows(k, q)?;
            for (scores, by_row) in scores.chunks_mut(square).zip(by_row.chunks(oblong)) {
                self.add_position(scores, by_row);
            }
        }
        vectorised(|| scores.chunks_mut(length).for_each(|row| softmax(row, self.scale)));
        Ok(scores)
    }

    /// Adds the scores of queries and positions of one head; `by_row` is `[length, count]`.
    fn add_content(&self, scores: &mut [f32], by_row: &[f32]) {
        let queries = scores.chunks_mut(self.sequence.length).zip(by_row.chunks(self.count));
        for (i, (scores, by_row)) in queries.enumerate() {
            scores.iter_mut().zip(self.rows_of(i)).for_each(|(score, row)| *score += by_row[row]);
        }
    }

    /// Adds the scores of positions and keys of one head; `by_row` is `[length, count]`.
    fn add_position(&self, scores: &mut [f32], by_row: &[f32]) {
        for (i, scores) in scores.chunks_mut(self.sequence.length).enumerate() {
            let keys = by_row.chunks(self.count).zip(self.rows_of(i));
            scores.iter_mut().zip(keys).for_each(|(score, (by_row, row))| *score += by_row[row]);
        }
    }

    /// Gradients to scores `[heads, length, length]`, summed by relative row for each query (`by_query`) or each key:
    /// `[heads, length, count]`.
    fn gathered(&self, scores: &[f32], by_query: bool) -> CpuStorage {
        let length = self.sequence.length;
        let mut out = vec![0.0f32; self.sequence.heads * length * self.count];
        let heads = out.chunks_mut(length * self.count).zip(scores.chunks(length * length));
        for (out, scores) in heads {
            for (i, scores) in scores.chunks(length).enumerate() {
                for (j, (gradient, row)) in scores.iter().zip(self.rows_of(i)).enumerate() {
                    let piece = if by_query { i } else { j };
                    out[piece * self.count + row] += gradient;
                }
            }
        }
        CpuStorage::F32(out)
    }

    /// With `by_row` `[heads, length, count]`: adds `by_row` p to the pieces `to_pieces`, and `by_row`^T x to `to_rows`.
    fn spread(
        &self,
        by_row: &CpuStorage,
        Factors { x, p }: Factors<'_>,
        to_pieces: &mut [f32],
        to_rows: &mut [f32],
    ) -> Result<()> {
        let Sequence { heads, length, .. } = self.sequence;
        let depth = self.sequence.depth();
        let straight = Layout::contiguous((heads, length, self.count));
        let shape = (heads, length, depth, self.count);
        let pieces = floats(by_row.matmul(p.0, shape, &straight, &self.relative_rows(p))?)?;
        add_by_head(&pieces, self.sequence, length, to_pieces);
        let strides = vec![length * self.count, 1, self.count];
        let turned = Layout::new((heads, self.count, length).into(), strides, 0);
        let shape = (heads, self.count, depth, length);
        let rows = floats(by_row.matmul(x.0, shape, &turned, &self.sequence.rows(x))?)?;
        add_by_head(&rows, self.sequence, self.count, to_rows);
        Ok(())
    }
}

/// Adds `[heads, rows, d]` to `[rows, heads * d]`.
fn add_by_head(by_head: &[f32], sequence: Sequence, rows: usize, out: &mut [f32]) {
    let (depth, width) = (sequence.depth(), sequence.width);
    for (at, from) in by_head.chunks(depth).enumerate() {
        let (head, row) = (at / rows, at % rows);
        let to = row * width + head * depth;
        out[to..to + depth].iter_mut().zip(from).for_each(|(to, from)| *to += from);
    }
}

impl Disentangled {
    fn backward_of(
        &self,
        at: Positioned<'_>,
        [q, k, v, gradient]: [Operand<'_>; 4],
        [to_q, to_k, to_v]: [&mut [f32]; 3],
    ) -> Result<ToRows> {
        let sequence = at.sequence;
        let probabilities = at.probabilities(&self.rows, q, k)?;
        let mut dropped = probabilities.clone();
        sequence.drop_out(self.mask, &mut dropped);
        sequence.combine(&CpuStorage::F32(dropped), &sequence.square_transposed(), gradient, to_v)?;
        let mut scores = sequence.scores(gradient, v)?;
        sequence.drop_out(self.mask, &mut scores);
        let rows = scores.chunks_mut(sequence.length).zip(probabilities.chunks(sequence.length));
        vectorised(|| rows.for_each(|(row, probabilities)| softmax_backward(row, probabilities, at.scale)));
        let mut to_rows = ToRows {
            rows: at.first..at.first + at.count,
            q: vec![0.0; at.count * sequence.width],
            k: vec![0.0; at.count * sequence.width],
        };
        let by_query = self.rows.c2p.then(|| at.gathered(&scores, true));
        let by_key = self.rows.p2c.then(|| at.gathered(&scores, false));
        let scores = CpuStorage::F32(scores);
        sequence.combine(&scores, &sequence.square(), k, to_q)?;
        sequence.combine(&scores, &sequence.square_transposed(), q, to_k)?;
        if let Some(by_query) = by_query {
            at.spread(&by_query, Factors { x: q, p: k }, to_q, &mut to_rows.k)?;
        }
        if let Some(by_key) = by_key {
            at.spread(&by_key, Factors { x: k, p: q }, to_k, &mut to_rows.q)?;
        }
        Ok(to_rows)
    }
}

impl CustomOp3 for Disentangled {
    fn name(&self) -> &'static str {
        "packed-disentangled-attention"
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
        let (pieces, width) = v_layout.shape().dims2()?;
        let mut out = vec![0.0f32; pieces * width];
        let parts = cut(&self.offsets, &mut out, width);
        let tasks: Vec<_> = sequences(&self.offsets, self.heads, width).into_iter().zip(parts).collect();
        tasks.into_par_iter().try_for_each(|(sequence, out)| {
            let at = Positioned::new(sequence, self);
            let mut probabilities = at.probabilities(&self.rows, (q, q_layout), (k, k_layout))?;
            sequence.drop_out(self.mask, &mut probabilities);
            sequence.combine(&CpuStorage::F32(probabilities), &sequence.square(), (v, v_layout), out)
        })?;
        Ok((CpuStorage::F32(out), v_layout.shape().clone()))
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
        let (pieces, width) = v.dims2()?;
        let held = [q, k, v, &gradient].map(Tensor::storage_and_layout);
        let operand = |at: usize| on_cpu(&held[at].0).map(|storage| (storage, held[at].1));
        let operands = [operand(0)?, operand(1)?, operand(2)?, operand(3)?];
        let mut outs = [q, k, v].map(|tensor| vec![0.0f32; tensor.elem_count()]);
        let [to_q, to_k, to_v] = outs.each_mut().map(|out| cut(&self.offsets, out, width));
        let parts = to_q.into_iter().zip(to_k).zip(to_v);
        let tasks: Vec<_> = sequences(&self.offsets, self.heads, width).into_iter().zip(parts).collect();
        let to_rows: Vec<ToRows> = tasks
            .into_par_iter()
            .map(|(sequence, ((to_q, to_k), to_v))| {
                self.backward_of(Positioned::new(sequence, self), operands, [to_q, to_k, to_v])
            })
            .collect::<Result<_>>()?;
        // In the order of sequences, so that the sum's bits do not depend on threads.
        for ToRows { rows, q, k } in &to_rows {
            let place = (pieces + rows.start) * width..(pieces + rows.end) * width;
            add(&mut outs[0][place.clone()], q);
            add(&mut outs[1][place], k);
        }
        let mut outs = outs
            .into_iter()
            .zip([q, k, v])
            .map(|(out, like)| Tensor::from_vec(out, like.shape(), like.device()));
        let mut next = || outs.next().transpose();
        Ok((next()?, next()?, next()?))
    }
}

fn add(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}
