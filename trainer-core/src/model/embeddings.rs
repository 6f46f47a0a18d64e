//! An encoder's input: word, position and token-type embeddings as far as the family has them, summed, normed, and in
//! ELECTRA widened. All frozen but for a branch on the widening.

use candle_core::Tensor;

use super::ops::{dropout, norm};
use super::projection::Projection;
use super::source::Source;
use super::{MaskKeys, Packed, next_mask};
use crate::TrainError;
use crate::backbone::{EMBEDDINGS_PROJECT, EncoderConfig};

pub(super) struct Embeddings {
    /// `[vocab, embedding]`; the decoder of a masked-LM head is tied to them.
    pub(super) words: Tensor,
    /// None in DeBERTa.
    positions: Option<Tensor>,
    /// None in DeBERTa.
    types: Option<Tensor>,
    norm: (Tensor, Tensor),
    /// ELECTRA's `embeddings_project`.
    pub(super) widening: Option<Projection>,
    eps: f64,
    dropout: f64,
}

impl Embeddings {
    pub(super) fn new(source: &Source<'_>, config: &EncoderConfig) -> Result<Self, TrainError> {
        let width = config.embedding_size;
        let table =
            |name: &str, rows| source.tensor(&format!("embeddings.{name}_embeddings.weight"), &[rows, width]);
        let positions = config.relative.is_none().then(|| table("position", config.max_position_embeddings));
        let types = (config.type_vocab_size > 0).then(|| table("token_type", config.type_vocab_size));
        let widening = config
            .widens()
            .then(|| source.projection(EMBEDDINGS_PROJECT.into(), (config.hidden_size, width)));
        Ok(Self {
            words: table("word", config.vocab_size)?,
            positions: positions.transpose()?,
            types: types.transpose()?,
            norm: source.norm("embeddings.LayerNorm", width)?,
            widening: widening.transpose()?,
            eps: config.layer_norm_eps,
            dropout: config.hidden_dropout_prob,
        })
    }

    /// Whether there is a branch in them.
    pub(super) fn is_trained(&self) -> bool {
        self.widening.as_ref().is_some_and(|widening| widening.lora.is_some())
    }

    /// `[pieces, hidden]`.
    pub(super) fn forward(&self, batch: &Packed, keys: &mut MaskKeys<'_>) -> candle_core::Result<Tensor> {
        let mut sum = self.words.index_select(&batch.ids, 0)?;
        if let Some(positions) = &self.positions {
            sum = (sum + positions.index_select(&batch.positions, 0)?)?;
        }
        if let Some(types) = &self.types {
            sum = match &batch.types {
                Some(ids) => (sum + types.index_select(ids, 0)?)?,
                None => sum.broadcast_add(&types.narrow(0, 0, 1)?)?,
            };
        }
        let normed = norm(&sum, (&self.norm.0, &self.norm.1), self.eps)?;
        let dropped = dropout(&normed, next_mask(keys, self.dropout))?;
        match &self.widening {
            Some(widening) => widening.forward(&dropped, keys),
            None => Ok(dropped),
        }
    }
}
