//! The whole model: embeddings, layers, classifier, and the list of what is trained.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};

use super::embeddings::Embeddings;
use super::layer::Layer;
use super::ops::dropout;
use super::projection::Source;
use super::{LoraShape, MaskKeys, Packed, next_mask};
use crate::TrainError;
use crate::backbone::{BertConfig, Weights};
use crate::rng::Seeds;

/// Standard deviation of a new classifier's weights, as transformers starts it.
const HEAD_DEVIATION: f64 = 0.02;

/// An encoder with a tag classifier.
pub(crate) struct Tagger {
    pub(super) embeddings: Embeddings,
    pub(super) layers: Vec<Layer>,
    /// `[labels, hidden]`.
    pub(super) head_weight: Var,
    /// `[labels]`.
    pub(super) head_bias: Var,
    head_dropout: f64,
    frozen: u64,
    device: Device,
}

impl Tagger {
    /// Pretrained weights, new branches and a new head; `seeds` decides the new values.
    ///
    /// # Errors
    /// A tensor of the backbone is missing or wrong.
    pub(crate) fn new(
        config: &BertConfig,
        weights: &Weights,
        labels: usize,
        lora: Option<LoraShape>,
        seeds: &Seeds,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let source = Source { weights, lora, seeds, device };
        let hidden = config.hidden_size;
        let head = seeds.child("classifier").draws().normal(labels * hidden, HEAD_DEVIATION);
        let layers = (0..config.num_hidden_layers).map(|index| Layer::new(&source, config, index));
        Ok(Self {
            embeddings: Embeddings::new(&source, config)?,
            layers: layers.collect::<Result<_, _>>()?,
            head_weight: Var::from_tensor(&Tensor::from_vec(head, (labels, hidden), device)?)?,
            head_bias: Var::from_tensor(&Tensor::from_vec(vec![0.0f32; labels], labels, device)?)?,
            head_dropout: config.classifier_dropout.unwrap_or(config.hidden_dropout_prob),
            frozen: crate::backbone::encoder_parameters(config),
            device: device.clone(),
        })
    }

    /// Where the model lives.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// Trained tensors by their name in a PEFT adapter, sorted by name.
    pub(crate) fn trainable(&self) -> BTreeMap<String, Var> {
        let mut trainable = BTreeMap::from([
            ("base_model.model.classifier.weight".to_owned(), self.head_weight.clone()),
            ("base_model.model.classifier.bias".to_owned(), self.head_bias.clone()),
        ]);
        for projection in self.layers.iter().flat_map(Layer::projections) {
            if let Some(lora) = &projection.lora {
                let name =
                    |part: &str| format!("base_model.model.bert.{}.lora_{part}.weight", projection.path);
                trainable.insert(name("A"), lora.a.clone());
                trainable.insert(name("B"), lora.b.clone());
            }
        }
        trainable
    }

    /// Trained values.
    pub(crate) fn trainable_parameters(&self) -> u64 {
        self.trainable().values().map(|var| var.elem_count() as u64).sum()
    }

    /// All values of the model.
    pub(crate) fn total_parameters(&self) -> u64 {
        self.frozen + self.trainable_parameters()
    }

    /// The last hidden state, `[pieces, hidden]`.
    pub(crate) fn hidden(&self, batch: &Packed, keys: &mut MaskKeys<'_>) -> candle_core::Result<Tensor> {
        let embedded = self.embeddings.forward(batch, keys)?;
        self.layers.iter().try_fold(embedded, |x, layer| layer.forward(&x, batch, keys))
    }

    /// The embedding output and the output of each layer, without dropout.
    #[cfg(test)]
    pub(crate) fn hidden_states(&self, batch: &Packed) -> candle_core::Result<Vec<Tensor>> {
        let mut states = vec![self.embeddings.forward(batch, &mut None)?];
        for layer in &self.layers {
            states.push(layer.forward(&states[states.len() - 1], batch, &mut None)?);
        }
        Ok(states)
    }

    /// Logits of the pieces `rows` (`[m]`, indices into the batch): `[m, labels]`. Only labelled pieces are worth it.
    pub(crate) fn logits(
        &self,
        batch: &Packed,
        rows: &Tensor,
        mut keys: MaskKeys<'_>,
    ) -> candle_core::Result<Tensor> {
        let hidden = self.hidden(batch, &mut keys)?.index_select(rows, 0)?;
        let hidden = dropout(&hidden, next_mask(&mut keys, self.head_dropout))?;
        hidden.matmul(&self.head_weight.t()?)?.broadcast_add(&self.head_bias)
    }
}
