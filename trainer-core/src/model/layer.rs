//! One encoder layer of BERT: attention and feed-forward, each followed by dropout, residual sum and layer norm.

use candle_core::Tensor;

use super::ops::{add_norm, attention, gelu};
use super::projection::{Projection, Source};
use super::{MaskKeys, Packed, next_mask};
use crate::TrainError;
use crate::backbone::BertConfig;

pub(super) struct Layer {
    pub(super) query: Projection,
    pub(super) key: Projection,
    pub(super) value: Projection,
    pub(super) attention_output: Projection,
    pub(super) up: Projection,
    pub(super) down: Projection,
    pub(super) attention_norm: (Tensor, Tensor),
    pub(super) output_norm: (Tensor, Tensor),
    pub(super) heads: usize,
    pub(super) eps: f64,
    dropout: f64,
    attention_dropout: f64,
}

impl Layer {
    pub(super) fn new(source: &Source<'_>, config: &BertConfig, index: usize) -> Result<Self, TrainError> {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let at = |site: &str| format!("encoder.layer.{index}.{site}");
        let norm = |site: &str| -> Result<_, TrainError> {
            let part = |part: &str| source.tensor(&format!("{}.LayerNorm.{part}", at(site)), &[hidden]);
            Ok((part("weight")?, part("bias")?))
        };
        Ok(Self {
            query: source.projection(at("attention.self.query"), (hidden, hidden))?,
            key: source.projection(at("attention.self.key"), (hidden, hidden))?,
            value: source.projection(at("attention.self.value"), (hidden, hidden))?,
            attention_output: source.projection(at("attention.output.dense"), (hidden, hidden))?,
            up: source.projection(at("intermediate.dense"), (inner, hidden))?,
            down: source.projection(at("output.dense"), (hidden, inner))?,
            attention_norm: norm("attention.output")?,
            output_norm: norm("output")?,
            heads: config.num_attention_heads,
            eps: config.layer_norm_eps,
            dropout: config.hidden_dropout_prob,
            attention_dropout: config.attention_probs_dropout_prob,
        })
    }

    pub(super) fn projections(&self) -> [&Projection; 6] {
        [&self.query, &self.key, &self.value, &self.attention_output, &self.up, &self.down]
    }

    /// `x` is `[pieces, hidden]`, and so is the result.
    pub(super) fn forward(
        &self,
        x: &Tensor,
        batch: &Packed,
        keys: &mut MaskKeys<'_>,
    ) -> candle_core::Result<Tensor> {
        let query = self.query.forward(x, keys)?;
        let key = self.key.forward(x, keys)?;
        let value = self.value.forward(x, keys)?;
        let mask = next_mask(keys, self.attention_dropout);
        let context = attention([&query, &key, &value], self.heads, &batch.offsets, mask)?;
        let context = self.attention_output.forward(&context, keys)?;
        let (weight, bias) = &self.attention_norm;
        let x = add_norm(x, &context, next_mask(keys, self.dropout), (weight, bias), self.eps)?;
        let inner = gelu(&self.up.forward(&x, keys)?)?;
        let output = self.down.forward(&inner, keys)?;
        let (weight, bias) = &self.output_norm;
        add_norm(&x, &output, next_mask(keys, self.dropout), (weight, bias), self.eps)
    }
}
