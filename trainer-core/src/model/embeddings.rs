//! An encoder's input: the sum of the family's word, position and token-type embeddings, followed by a layer norm. Small
//! ELECTRAs then project it to the width of the layers. All tensors are frozen. Only the projection may have a branch.

use candle_core::Tensor;

use super::mask_keys::{MaskKeys, next_mask};
use super::operand::Affine;
use super::ops::{dropout, norm};
use super::packed::Packed;
use super::projection::Projection;
use super::source::Source;
use crate::TrainError;
use crate::backbone::{EncoderConfig, LinearShape, names};

pub(super) struct Embeddings {
    /// `[vocab, embedding]`. The decoder of a masked-LM head is tied to them.
    pub(super) words: Tensor,
    /// Row 0 is the first position's; `None` in families with relative positions.
    positions: Option<Tensor>,
    /// `None` in families without token types.
    types: Option<Tensor>,
    norm: Affine,
    /// To the width of the layers, where the two differ.
    pub(super) projection: Option<Projection>,
    eps: f64,
    dropout: f64,
}

impl Embeddings {
    pub(super) fn new(source: &Source<'_>, config: &EncoderConfig) -> Result<Self, TrainError> {
        let width = config.embedding_size;
        let table = |name, rows| source.tensor(name, &[rows, width]);
        let positions = config.position_rows().map(|rows| {
            let all = table(names::POSITIONS, rows)?;
            Ok::<_, TrainError>(all.narrow(0, config.first_position(), config.longest_input())?)
        });
        let types = (config.type_vocab_size > 0).then(|| table(names::TOKEN_TYPES, config.type_vocab_size));
        let shape = LinearShape { output: config.hidden_size, input: width };
        let projection = config.embedding_projection().map(|path| source.projection(path.into(), shape));
        Ok(Self {
            words: table(names::WORDS, config.vocab_size)?,
            positions: positions.transpose()?,
            types: types.transpose()?,
            norm: source.norm(names::EMBEDDINGS_NORM, width)?,
            projection: projection.transpose()?,
            eps: config.layer_norm_eps,
            dropout: config.hidden_dropout_prob,
        })
    }

    /// Whether they have a branch.
    pub(super) fn is_trained(&self) -> bool {
        self.projection.as_ref().is_some_and(|projection| projection.lora.is_some())
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
        let normed = norm(&sum, &self.norm, self.eps)?;
        let dropped = dropout(&normed, next_mask(keys, self.dropout))?;
        match &self.projection {
            Some(projection) => projection.forward(&dropped, keys),
            None => Ok(dropped),
        }
    }
}
