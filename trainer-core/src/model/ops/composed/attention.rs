//! Scaled dot-product attention over padded sequences. Scores are computed again in the backward.

use candle_core::{Result, Tensor};

use super::grid::{AttentionGradients, Grid, transposed};
use super::kept::Kept;
use crate::model::operand::Mask;
use crate::model::ops::by_hand::of_three;

/// As [`crate::model::ops::attention`]; `padding` is that of [`crate::model::packed::Sequences`].
pub(in crate::model::ops) fn attention(
    [q, k, v]: [&Tensor; 3],
    heads: usize,
    padding: &Tensor,
    mask: Option<Mask>,
) -> Result<Tensor> {
    let grid = Grid::new(q, heads, padding)?;
    let (value, kept) = {
        let [q, k, v] = [q, k, v].map(|x| grid.split(&x.detach()));
        let probabilities = grid.softmax(&q?.matmul(&k?.t()?)?, 1)?;
        let kept = Kept::draw(mask, &probabilities)?;
        let value = grid.join(&Kept::apply(kept.as_ref(), &probabilities)?.matmul(&v?)?)?;
        (value, kept)
    };
    of_three([q, k, v], &value, move |inputs, gradient| {
        let [q, k, v] = inputs.each_ref().map(|x| grid.split(x));
        let (q, k, v) = (q?, k?, v?);
        let probabilities = grid.softmax(&q.matmul(&k.t()?)?, 1)?;
        let AttentionGradients { to_v, to_scores } =
            grid.backward(&probabilities, kept.as_ref(), &v, gradient, 1)?;
        let (to_q, to_k) = (to_scores.matmul(&k)?, transposed(&to_scores)?.matmul(&q)?);
        Ok([Some(grid.join(&to_q)?), Some(grid.join(&to_k)?), Some(grid.join(&to_v)?)])
    })
}
