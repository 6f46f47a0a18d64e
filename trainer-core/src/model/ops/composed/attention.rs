//! Scaled dot-product attention over padded sequences. Scores are computed again in the backward.

use candle_core::{D, Result, Tensor};

use super::{Kept, of_three};
use crate::model::ops::dropout::Mask;

/// As [`crate::model::ops::attention`]; `padding` is that of [`crate::model::packed::Sequences`].
pub(in crate::model::ops) fn attention(
    [q, k, v]: [&Tensor; 3],
    heads: usize,
    padding: &Tensor,
    mask: Option<Mask>,
) -> Result<Tensor> {
    let grid = Grid::new(q, heads, padding)?;
    let value = {
        let [q, k, v] = [q, k, v].map(|x| grid.split(&x.detach()));
        let probabilities = grid.softmax(&q?.matmul(&k?.t()?)?, 1)?;
        let kept = Kept::draw(mask, &probabilities)?;
        let value = grid.join(&Kept::apply(kept.as_ref(), &probabilities)?.matmul(&v?)?)?;
        (value, kept)
    };
    let (value, kept) = value;
    of_three([q, k, v], &value, move |inputs, gradient| {
        let [q, k, v] = inputs.each_ref().map(|x| grid.split(x));
        let (q, k, v) = (q?, k?, v?);
        let probabilities = grid.softmax(&q.matmul(&k.t()?)?, 1)?;
        let (to_v, to_scores) = grid.backward(&probabilities, kept.as_ref(), &v, gradient, 1)?;
        let (to_q, to_k) = (to_scores.matmul(&k)?, transposed(&to_scores)?.matmul(&q)?);
        Ok([Some(grid.join(&to_q)?), Some(grid.join(&to_k)?), Some(grid.join(&to_v)?)])
    })
}

/// The sides of a padded batch.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    pub(super) heads: usize,
    pub(super) sequences: usize,
    pub(super) longest: usize,
    pub(super) depth: usize,
    padding: Tensor,
}

impl Grid {
    /// `x` is `[pieces, heads * d]`; what lies behind the padded batch does not count.
    pub(super) fn new(x: &Tensor, heads: usize, padding: &Tensor) -> Result<Self> {
        let (_, sequences, _, longest) = padding.dims4()?;
        let depth = x.dim(1)? / heads;
        Ok(Self { heads, sequences, longest, depth, padding: padding.clone() })
    }

    /// `[pieces, heads * d]` as `[heads * sequences, longest, d]`.
    pub(super) fn split(&self, x: &Tensor) -> Result<Tensor> {
        let by_head = by_head(x, self.heads)?;
        by_head.reshape((self.heads * self.sequences, self.longest, self.depth))
    }

    /// The way back.
    pub(super) fn join(&self, x: &Tensor) -> Result<Tensor> {
        let pieces = self.sequences * self.longest;
        let by_piece = x.reshape((self.heads, pieces, self.depth))?.transpose(0, 1)?;
        by_piece.contiguous()?.reshape((pieces, self.heads * self.depth))
    }

    /// softmax(scores / sqrt(d n)) over the keys that are no padding, with n the number of `terms` in a score.
    #[expect(clippy::disallowed_methods, reason = "outside the graph; the backward is written by hand")]
    pub(super) fn softmax(&self, scores: &Tensor, terms: usize) -> Result<Tensor> {
        let (square, shape) = ((self.heads, self.sequences, self.longest, self.longest), scores.shape());
        let scores = (scores * self.scale(terms))?.reshape(square)?.broadcast_add(&self.padding)?;
        candle_nn::ops::softmax_last_dim(&scores.reshape(shape)?)
    }

    fn scale(&self, terms: usize) -> f64 {
        1.0 / ((self.depth * terms) as f64).sqrt()
    }

    /// The gradients to v and to the unscaled scores.
    pub(super) fn backward(
        &self,
        probabilities: &Tensor,
        kept: Option<&Kept>,
        v: &Tensor,
        gradient: &Tensor,
        terms: usize,
    ) -> Result<(Tensor, Tensor)> {
        let gradient = self.split(gradient)?;
        let to_v = transposed(&Kept::apply(kept, probabilities)?)?.matmul(&gradient)?;
        let to_p = Kept::apply(kept, &gradient.matmul(&v.t()?)?)?;
        let along = (&to_p * probabilities)?.sum_keepdim(D::Minus1)?;
        let to_scores = (to_p.broadcast_sub(&along)? * probabilities)?;
        Ok((to_v, (to_scores * self.scale(terms))?))
    }
}

/// `[rows, heads * d]` as `[heads, rows, d]`.
pub(super) fn by_head(x: &Tensor, heads: usize) -> Result<Tensor> {
    let (rows, width) = x.dims2()?;
    x.reshape((rows, heads, width / heads))?.transpose(0, 1)?.contiguous()
}

/// A view with the last two dimensions exchanged.
pub(super) fn transposed(x: &Tensor) -> Result<Tensor> {
    x.transpose(D::Minus1, D::Minus2)
}
