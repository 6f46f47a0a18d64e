//! An encoder with a tag classifier, and the list of what is trained.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{DType, Tensor, Var};

use super::backward::gradients;
use super::compute::Compute;
use super::encoder::Encoder;
use super::lora::LoraShape;
use super::mask_keys::{MaskKeys, next_mask};
use super::ops::{dropout, rows as chosen_rows};
use super::packed::Packed;
use super::peft;
use crate::TrainError;
use crate::backbone::{EncoderConfig, Family, Weights};
use crate::rng::{Draws, Seeds};

/// Standard deviation of a new classifier's weights, as transformers starts it.
const HEAD_DEVIATION: f64 = 0.02;

/// An encoder with a tag classifier.
pub(crate) struct Tagger {
    pub(super) encoder: Encoder,
    /// `[labels, hidden]`.
    pub(super) head_weight: Var,
    /// `[labels]`.
    pub(super) head_bias: Var,
    head_dropout: f64,
}

impl Tagger {
    /// Pretrained weights, new branches and a new head; `seeds` decides the new values.
    ///
    /// # Errors
    /// A tensor of the backbone is missing or wrong.
    pub(crate) fn new(
        config: &EncoderConfig,
        weights: &Weights,
        labels: usize,
        lora: Option<LoraShape>,
        seeds: &Seeds,
        compute: &Compute,
    ) -> Result<Self, TrainError> {
        let (hidden, device) = (config.hidden_size, &compute.device);
        let head = seeds.child("classifier").draws().normal(labels * hidden, HEAD_DEVIATION);
        Ok(Self {
            encoder: Encoder::new(config, weights, lora, seeds, compute)?,
            head_weight: Var::from_tensor(&Tensor::from_vec(head, (labels, hidden), device)?)?,
            head_bias: Var::from_tensor(&Tensor::from_vec(vec![0.0f32; labels], labels, device)?)?,
            head_dropout: config.classifier_dropout.unwrap_or(config.hidden_dropout_prob),
        })
    }

    /// Architecture of the encoder.
    pub(crate) fn family(&self) -> Family {
        self.encoder.family
    }

    /// Where the model computes.
    pub(crate) fn compute(&self) -> &Compute {
        &self.encoder.compute
    }

    /// Trained tensors by their name in a PEFT adapter, sorted by name.
    pub(crate) fn trainable(&self) -> BTreeMap<String, Var> {
        let mut trainable = self.encoder.trainable();
        trainable.insert(peft::CLASSIFIER_WEIGHT.to_owned(), self.head_weight.clone());
        trainable.insert(peft::CLASSIFIER_BIAS.to_owned(), self.head_bias.clone());
        trainable
    }

    /// Trained values.
    pub(crate) fn trainable_parameters(&self) -> u64 {
        self.trainable().values().map(|var| var.elem_count() as u64).sum()
    }

    /// All values of the model.
    pub(crate) fn total_parameters(&self) -> u64 {
        self.encoder.frozen + self.trainable_parameters()
    }

    /// The last hidden state, `[pieces, hidden]`.
    pub(crate) fn hidden(&self, batch: &Packed, keys: &mut MaskKeys<'_>) -> candle_core::Result<Tensor> {
        self.encoder.hidden(batch, keys)
    }

    /// The embedding output and the output of each layer, without dropout.
    #[cfg(test)]
    pub(crate) fn hidden_states(&self, batch: &Packed) -> candle_core::Result<Vec<Tensor>> {
        self.encoder.hidden_states(batch)
    }

    /// Logits of the pieces `rows` (`[m]`, indices into the batch): `[m, labels]`.
    pub(crate) fn logits(
        &self,
        batch: &Packed,
        rows: &Tensor,
        mut keys: MaskKeys<'_>,
    ) -> candle_core::Result<Tensor> {
        let hidden = self.hidden(batch, &mut keys)?;
        self.head(&hidden, rows, &mut keys)
    }

    fn head(&self, hidden: &Tensor, rows: &Tensor, keys: &mut MaskKeys<'_>) -> candle_core::Result<Tensor> {
        let hidden = chosen_rows(hidden, rows)?.to_dtype(DType::F32)?;
        let hidden = dropout(&hidden, next_mask(keys, self.head_dropout))?;
        hidden.matmul(&self.head_weight.t()?)?.broadcast_add(&self.head_bias)
    }

    /// Returns the loss, which `loss` computes from the logits of `rows`, and the gradients of what is trained: one store for each part
    /// of the backward.
    pub(crate) fn gradients(
        &self,
        batch: &Packed,
        rows: &Tensor,
        keys: &mut Draws,
        loss: &dyn Fn(&Tensor) -> candle_core::Result<Tensor>,
    ) -> candle_core::Result<(Tensor, Vec<GradStore>)> {
        gradients(&self.encoder, batch, keys, &|hidden, keys| loss(&self.head(hidden, rows, keys)?))
    }
}
