//! BERT's input: word, position and token-type embeddings, summed and normed. All frozen.

use candle_core::Tensor;

use super::ops::{dropout, norm};
use super::projection::Source;
use super::{MaskKeys, Packed, next_mask};
use crate::TrainError;
use crate::backbone::BertConfig;

pub(super) struct Embeddings {
    words: Tensor,
    positions: Tensor,
    types: Tensor,
    norm: (Tensor, Tensor),
    eps: f64,
    dropout: f64,
}

impl Embeddings {
    pub(super) fn new(source: &Source<'_>, config: &BertConfig) -> Result<Self, TrainError> {
        let hidden = config.hidden_size;
        let table = |name: &str, rows| {
            source.tensor(&format!("embeddings.{name}_embeddings.weight"), &[rows, hidden])
        };
        Ok(Self {
            words: table("word", config.vocab_size)?,
            positions: table("position", config.max_position_embeddings)?,
            types: table("token_type", config.type_vocab_size)?,
            norm: (
                source.tensor("embeddings.LayerNorm.weight", &[hidden])?,
                source.tensor("embeddings.LayerNorm.bias", &[hidden])?,
            ),
            eps: config.layer_norm_eps,
            dropout: config.hidden_dropout_prob,
        })
    }

    /// `[pieces, hidden]`.
    pub(super) fn forward(&self, batch: &Packed, keys: &mut MaskKeys<'_>) -> candle_core::Result<Tensor> {
        let words = self.words.index_select(&batch.ids, 0)?;
        let sum = (words + self.positions.index_select(&batch.positions, 0)?)?;
        let sum = match &batch.types {
            Some(types) => (sum + self.types.index_select(types, 0)?)?,
            None => sum.broadcast_add(&self.types.narrow(0, 0, 1)?)?,
        };
        let normed = norm(&sum, (&self.norm.0, &self.norm.1), self.eps)?;
        dropout(&normed, next_mask(keys, self.dropout))
    }
}
