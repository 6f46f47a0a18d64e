//! Relative positions (DeBERTa): one table of embeddings for all layers, normed once.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::mask_keys::{MaskKeys, next_mask};
use super::operand::{Affine, RelativeRows};
use super::ops::{dropout, norm};
use super::packed::Packed;
use super::source::Source;
use crate::TrainError;
use crate::backbone::{EncoderConfig, RelativeSettings, names};

/// The table, frozen.
pub(super) struct RelativeEmbeddings {
    relative: RelativeSettings,
    /// `[2 * span, hidden]`.
    table: Tensor,
    norm: Option<Affine>,
    eps: f64,
}

/// The rows of the table that a batch needs.
pub(super) struct RelativePositions {
    /// `[rows, hidden]`, normed.
    pub(super) embeddings: Tensor,
    /// Which row belongs to which distance.
    pub(super) rows: Arc<RelativeRows>,
}

impl RelativeEmbeddings {
    /// `None` for families with absolute positions.
    pub(super) fn new(
        source: &Source<'_>,
        config: &EncoderConfig,
    ) -> std::result::Result<Option<Self>, TrainError> {
        let Some(relative) = config.relative else { return Ok(None) };
        let hidden = config.hidden_size;
        let table = source.tensor(names::RELATIVE, &[2 * relative.span(), hidden])?;
        let norm = relative.normed.then(|| source.norm(names::RELATIVE_NORM, hidden)).transpose()?;
        Ok(Some(Self { relative, table, norm, eps: config.layer_norm_eps }))
    }

    /// The positions of a batch. Only distances that occur in it are projected: short sentences need few of the buckets.
    pub(super) fn of(&self, batch: &Packed) -> Result<RelativePositions> {
        let longest = batch.sequences.offsets.windows(2).map(|bound| bound[1] - bound[0]).max().unwrap_or(1);
        let farthest = longest as i64 - 1;
        let (first, last) = (self.relative.row(-farthest), self.relative.row(farthest));
        let table = self.table.narrow(0, first, last - first + 1)?;
        let embeddings = match &self.norm {
            Some(layer) => norm(&table, layer, self.eps)?,
            None => table,
        };
        let by_distance =
            (-farthest..=farthest).map(|distance| self.relative.row(distance) - first).collect();
        let rows = RelativeRows { by_distance, c2p: self.relative.c2p, p2c: self.relative.p2c };
        Ok(RelativePositions { embeddings, rows: Arc::new(rows) })
    }
}

impl RelativePositions {
    /// `x` with the position embeddings, after dropout, as further rows: `[pieces + rows, hidden]`.
    pub(super) fn below(&self, x: &Tensor, probability: f64, keys: &mut MaskKeys<'_>) -> Result<Tensor> {
        let embeddings = dropout(&self.embeddings, next_mask(keys, probability))?;
        Tensor::cat(&[x, &embeddings], 0)
    }
}
