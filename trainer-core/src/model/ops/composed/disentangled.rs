//! Disentangled attention over padded sequences, without index tensors. Positional scores are computed by distance; shifting
//! row i by i turns them into scores by key. The shift is a view of the same memory with rows of another length.

use std::sync::Arc;

use candle_core::{D, Result, Tensor};

use super::grid::{AttentionGradients, Grid, by_head, transposed};
use super::kept::Kept;
use super::wide::wide;
use crate::model::operand::{Mask, RelativeRows};
use crate::model::ops::by_hand::of_three;

/// As [`crate::model::ops::disentangled_attention`]; `padding` is that of [`crate::model::packed::Sequences`].
pub(in crate::model::ops) fn disentangled_attention(
    [q, k, v]: [&Tensor; 3],
    heads: usize,
    padding: &Tensor,
    rows: &Arc<RelativeRows>,
    mask: Option<Mask>,
) -> Result<Tensor> {
    let grid = Grid::new(v, heads, padding)?;
    let op = Disentangled { grid, rows: Arc::clone(rows) };
    let [detached_q, detached_k, detached_v] = [q, k, v].map(Tensor::detach);
    let sides = op.sides(&detached_q, &detached_k)?;
    let probabilities = op.probabilities(&sides)?;
    let kept = Kept::draw(mask, &probabilities)?;
    let dropped = Kept::apply(kept.as_ref(), &probabilities)?;
    let value = op.grid.join(&dropped.matmul(&op.grid.split(&detached_v)?)?)?;
    drop((sides, probabilities, dropped));
    of_three([q, k, v], &value, move |[q, k, v], gradient| {
        let sides = op.sides(&q, &k)?;
        let (probabilities, v) = (op.probabilities(&sides)?, op.grid.split(&v)?);
        let AttentionGradients { to_v, to_scores } =
            op.grid.backward(&probabilities, kept.as_ref(), &v, gradient, op.rows.terms())?;
        let (to_q, to_k) = op.to_sides(&sides, &to_scores)?;
        Ok([Some(to_q), Some(to_k), Some(op.grid.join(&to_v)?)])
    })
}

/// In which order distances lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Growing,
    Falling,
}

struct Disentangled {
    grid: Grid,
    rows: Arc<RelativeRows>,
}

/// Queries and keys of the pieces, and of the positions by distance.
struct Sides {
    /// `[heads * sequences, longest, d]`.
    q: Tensor,
    k: Tensor,
    /// For the distances longest - 1 down to 1 - longest, `[heads, 2 * longest - 1, d]`: column c of query i is key i + c
    /// less (longest - 1).
    position_k: Option<Tensor>,
    /// For the distances 1 - longest up to longest - 1.
    position_q: Option<Tensor>,
    /// Rows of the table, which follow the pieces.
    table: usize,
}

impl Disentangled {
    /// The table's row for each distance.
    fn index(&self, order: Order, like: &Tensor) -> Result<Tensor> {
        let mut rows: Vec<u32> = self.rows.by_distance.iter().map(|&row| row as u32).collect();
        if order == Order::Falling {
            rows.reverse();
        }
        let count = rows.len();
        Tensor::from_vec(rows, count, like.device())
    }

    /// `q` and `k` are `[pieces + rows, heads * d]`.
    fn sides(&self, q: &Tensor, k: &Tensor) -> Result<Sides> {
        let pieces = self.grid.sequences * self.grid.longest;
        let table = q.dim(0)? - pieces;
        let of_pieces = |x: &Tensor| self.grid.split(&x.narrow(0, 0, pieces)?);
        let of_positions = |x: &Tensor, order| {
            let rows = x.narrow(0, pieces, table)?.contiguous()?;
            by_head(&rows.index_select(&self.index(order, x)?, 0)?, self.grid.heads)
        };
        Ok(Sides {
            q: of_pieces(q)?,
            k: of_pieces(k)?,
            position_k: self.rows.c2p.then(|| of_positions(k, Order::Falling)).transpose()?,
            position_q: self.rows.p2c.then(|| of_positions(q, Order::Growing)).transpose()?,
            table,
        })
    }

    fn probabilities(&self, sides: &Sides) -> Result<Tensor> {
        let mut scores = sides.q.matmul(&sides.k.t()?)?;
        if let Some(position_k) = &sides.position_k {
            scores = (scores + self.shifted(&self.against(&sides.q, position_k)?)?)?;
        }
        if let Some(position_q) = &sides.position_q {
            scores = (scores + transposed(&self.shifted(&self.against(&sides.k, position_q)?)?)?)?;
        }
        self.grid.softmax(&scores, self.rows.terms())
    }

    /// All pieces of each head, `[heads, sequences * longest, ..]`.
    fn whole(&self, x: &Tensor) -> Result<Tensor> {
        x.reshape((self.grid.heads, self.grid.sequences * self.grid.longest, x.dim(D::Minus1)?))
    }

    /// x p^T of each head: `[heads * sequences, longest, 2 * longest - 1]`.
    fn against(&self, x: &Tensor, positions: &Tensor) -> Result<Tensor> {
        let by_distance = self.whole(x)?.matmul(&positions.t()?)?;
        let Grid { heads, sequences, longest, .. } = self.grid;
        by_distance.reshape((heads * sequences, longest, 2 * longest - 1))
    }

    /// Element (i, j) of the result is element (i, j - i + longest - 1): `[.., longest, longest]`.
    fn shifted(&self, by_distance: &Tensor) -> Result<Tensor> {
        let (batch, long) = (by_distance.dim(0)?, self.grid.longest);
        let flat = by_distance.reshape((batch, long * (2 * long - 1)))?;
        let rows = flat.narrow(1, long - 1, long * (2 * long - 2))?.contiguous()?;
        rows.reshape((batch, long, 2 * long - 2))?.narrow(2, 0, long)?.contiguous()
    }

    /// The gradient to a matrix by distance, from that to its shifted form.
    fn unshifted(&self, scores: &Tensor) -> Result<Tensor> {
        let (batch, long) = (scores.dim(0)?, self.grid.longest);
        let rows = scores.pad_with_zeros(2, 0, long - 2)?.contiguous()?;
        let flat = rows.reshape((batch, long * (2 * long - 2)))?.pad_with_zeros(1, long - 1, 1)?;
        flat.contiguous()?.reshape((batch, long, 2 * long - 1))
    }

    /// The gradients to q and k, positions included.
    fn to_sides(&self, sides: &Sides, to_scores: &Tensor) -> Result<(Tensor, Tensor)> {
        let turned = transposed(to_scores)?;
        let (mut to_q, mut to_k) = (to_scores.matmul(&sides.k)?, turned.matmul(&sides.q)?);
        let nothing = || {
            let width = self.grid.heads * self.grid.depth;
            Tensor::zeros((sides.table, width), to_q.dtype(), to_q.device())
        };
        let (mut to_table_q, mut to_table_k) = (nothing()?, nothing()?);
        if let Some(position_k) = &sides.position_k {
            let by_distance = self.unshifted(to_scores)?;
            to_q = (to_q + self.spread(&by_distance, position_k)?)?;
            to_table_k = self.to_table(&by_distance, &sides.q, Order::Falling, sides.table)?;
        }
        if let Some(position_q) = &sides.position_q {
            let by_distance = self.unshifted(&turned.contiguous()?)?;
            to_k = (to_k + self.spread(&by_distance, position_q)?)?;
            to_table_q = self.to_table(&by_distance, &sides.k, Order::Growing, sides.table)?;
        }
        let whole = |pieces: &Tensor, table: &Tensor| Tensor::cat(&[&self.grid.join(pieces)?, table], 0);
        Ok((whole(&to_q, &to_table_q)?, whole(&to_k, &to_table_k)?))
    }

    /// The gradient to the pieces through their positional scores.
    fn spread(&self, by_distance: &Tensor, positions: &Tensor) -> Result<Tensor> {
        let Grid { heads, sequences, longest, depth, .. } = self.grid;
        self.whole(by_distance)?.matmul(positions)?.reshape((heads * sequences, longest, depth))
    }

    /// The gradient to the `table` rows of the table, `[table, heads * d]`. Several distances share a row, so sums are in f32
    /// at least.
    fn to_table(&self, by_distance: &Tensor, x: &Tensor, order: Order, table: usize) -> Result<Tensor> {
        let wide = wide(x.dtype());
        let by_head = transposed(&self.whole(by_distance)?)?.matmul(&self.whole(x)?)?;
        let width = self.grid.heads * self.grid.depth;
        let distances = by_head.transpose(0, 1)?.contiguous()?.reshape((by_head.dim(1)?, width))?;
        let nothing = Tensor::zeros((table, width), wide, x.device())?;
        let index = self.index(order, x)?;
        nothing.index_add(&index, &distances.to_dtype(wide)?.contiguous()?, 0)?.to_dtype(x.dtype())
    }
}
