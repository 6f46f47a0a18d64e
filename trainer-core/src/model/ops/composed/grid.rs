//! A padded batch as a grid of sequences by heads.

use candle_core::{D, Result, Tensor};

use super::kept::Kept;

/// The sizes of a padded batch.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    pub(super) heads: usize,
    pub(super) sequences: usize,
    pub(super) longest: usize,
    pub(super) depth: usize,
    padding: Tensor,
}

impl Grid {
    /// `x` is `[pieces, heads * d]`. Rows after the padded batch do not count.
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

    /// The inverse of [`Self::split`].
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

    /// The gradients of a softmax and the product with `v` after it.
    pub(super) fn backward(
        &self,
        probabilities: &Tensor,
        kept: Option<&Kept>,
        v: &Tensor,
        gradient: &Tensor,
        terms: usize,
    ) -> Result<AttentionGradients> {
        let gradient = self.split(gradient)?;
        let to_v = transposed(&Kept::apply(kept, probabilities)?)?.matmul(&gradient)?;
        let to_p = Kept::apply(kept, &gradient.matmul(&v.t()?)?)?;
        let along = (&to_p * probabilities)?.sum_keepdim(D::Minus1)?;
        let to_scores = (to_p.broadcast_sub(&along)? * probabilities)?;
        Ok(AttentionGradients { to_v, to_scores: (to_scores * self.scale(terms))? })
    }
}

/// What a backward gives.
pub(super) struct AttentionGradients {
    pub(super) to_v: Tensor,
    /// To the unscaled scores.
    pub(super) to_scores: Tensor,
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
