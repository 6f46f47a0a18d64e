//! One encoder layer: attention and feed-forward, each followed by dropout, residual sum and layer norm.

use candle_core::Tensor;

use super::mask_keys::{MaskKeys, next_mask};
use super::operand::Affine;
use super::ops::{add_norm, attention, disentangled_attention, gelu};
use super::packed::Packed;
use super::projection::Projection;
use super::relative::RelativePositions;
use super::source::Source;
use crate::TrainError;
use crate::backbone::{EncoderConfig, Site, names};

pub(super) struct Layer {
    pub(super) query: Projection,
    pub(super) key: Projection,
    pub(super) value: Projection,
    pub(super) attention_output: Projection,
    pub(super) up: Projection,
    pub(super) down: Projection,
    pub(super) attention_norm: Affine,
    pub(super) output_norm: Affine,
    pub(super) heads: usize,
    pub(super) eps: f64,
    dropout: f64,
    attention_dropout: f64,
}

impl Layer {
    pub(super) fn new(source: &Source<'_>, config: &EncoderConfig, index: usize) -> Result<Self, TrainError> {
        let at = |part: &str| names::in_layer(index, part);
        let linear = |site| source.projection(at(config.family.path(site)), config.shape(site));
        Ok(Self {
            query: linear(Site::Query)?,
            key: linear(Site::Key)?,
            value: linear(Site::Value)?,
            attention_output: linear(Site::AttentionOutput)?,
            up: linear(Site::Up)?,
            down: linear(Site::Down)?,
            attention_norm: source.norm(&at(names::ATTENTION_NORM), config.hidden_size)?,
            output_norm: source.norm(&at(names::OUTPUT_NORM), config.hidden_size)?,
            heads: config.num_attention_heads,
            eps: config.layer_norm_eps,
            dropout: config.hidden_dropout_prob,
            attention_dropout: config.attention_probs_dropout_prob,
        })
    }

    pub(super) fn projections(&self) -> [&Projection; 6] {
        [&self.query, &self.key, &self.value, &self.attention_output, &self.up, &self.down]
    }

    /// `x` is `[pieces, hidden]`, and so is the result. `positions` are relative ones, in families that have them.
    pub(super) fn forward(
        &self,
        x: &Tensor,
        batch: &Packed,
        positions: Option<&RelativePositions>,
        keys: &mut MaskKeys<'_>,
    ) -> candle_core::Result<Tensor> {
        let context = self.attend(x, batch, positions, keys)?;
        let context = self.attention_output.forward(&context, keys)?;
        let x = add_norm(x, &context, next_mask(keys, self.dropout), &self.attention_norm, self.eps)?;
        let inner = gelu(&self.up.forward(&x, keys)?)?;
        let output = self.down.forward(&inner, keys)?;
        add_norm(&x, &output, next_mask(keys, self.dropout), &self.output_norm, self.eps)
    }

    fn attend(
        &self,
        x: &Tensor,
        batch: &Packed,
        positions: Option<&RelativePositions>,
        keys: &mut MaskKeys<'_>,
    ) -> candle_core::Result<Tensor> {
        let value = self.value.forward(x, keys)?;
        // The same projections apply to pieces and to positions (`share_att_key`): one product each.
        let with_positions = match positions {
            Some(positions) => &positions.below(x, self.dropout, keys)?,
            None => x,
        };
        let query = self.query.forward(with_positions, keys)?;
        let key = self.key.forward(with_positions, keys)?;
        let mask = next_mask(keys, self.attention_dropout);
        match positions {
            Some(positions) => disentangled_attention(
                [&query, &key, &value],
                self.heads,
                &batch.sequences,
                &positions.rows,
                mask,
            ),
            None => attention([&query, &key, &value], self.heads, &batch.sequences, mask),
        }
    }
}
