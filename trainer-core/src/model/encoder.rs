//! The encoder: frozen embeddings and layers, with LoRA branches on those that the job names.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};

use super::compute::Compute;
use super::embeddings::Embeddings;
use super::layer::Layer;
use super::lora::LoraShape;
use super::mask_keys::MaskKeys;
use super::packed::Packed;
use super::peft::{LORA_A, LORA_B, OUTER};
use super::projection::Projection;
use super::relative::{RelativeEmbeddings, RelativePositions};
use super::source::Source;
use crate::TrainError;
use crate::backbone::{EncoderConfig, Family, Weights, encoder_parameters};
use crate::rng::Seeds;

/// A pretrained encoder.
pub(super) struct Encoder {
    pub(super) family: Family,
    pub(super) embeddings: Embeddings,
    pub(super) layers: Vec<Layer>,
    pub(super) relative: Option<RelativeEmbeddings>,
    /// Values that are not trained.
    pub(super) frozen: u64,
    pub(super) compute: Compute,
}

impl Encoder {
    /// Pretrained weights and new branches.
    ///
    /// # Errors
    /// A tensor of the backbone is missing or wrong.
    pub(super) fn new(
        config: &EncoderConfig,
        weights: &Weights,
        lora: Option<LoraShape>,
        seeds: &Seeds,
        compute: &Compute,
    ) -> Result<Self, TrainError> {
        let source = Source { family: config.family, weights, lora, seeds, compute };
        let layers = (0..config.num_hidden_layers).map(|index| Layer::new(&source, config, index));
        Ok(Self {
            family: config.family,
            embeddings: Embeddings::new(&source, config)?,
            layers: layers.collect::<Result<_, _>>()?,
            relative: RelativeEmbeddings::new(&source, config)?,
            frozen: encoder_parameters(config),
            compute: compute.clone(),
        })
    }

    fn projections(&self) -> impl Iterator<Item = &Projection> {
        self.embeddings.projection.iter().chain(self.layers.iter().flat_map(Layer::projections))
    }

    /// Trained tensors by their name in a PEFT adapter, sorted by name.
    pub(super) fn trainable(&self) -> BTreeMap<String, Var> {
        let mut trainable = BTreeMap::new();
        for projection in self.projections() {
            if let Some(lora) = &projection.lora {
                let path = format!("{OUTER}{}.{}", self.family.module(), projection.path);
                trainable.insert(format!("{path}{LORA_A}"), lora.a.clone());
                trainable.insert(format!("{path}{LORA_B}"), lora.b.clone());
            }
        }
        trainable
    }

    /// Whether anything below the head is trained.
    pub(super) fn is_trained(&self) -> bool {
        self.projections().any(|projection| projection.lora.is_some())
    }

    /// The last hidden state, `[pieces, hidden]`.
    pub(super) fn hidden(&self, batch: &Packed, keys: &mut MaskKeys<'_>) -> candle_core::Result<Tensor> {
        self.compute.seed(keys)?;
        let embedded = self.embeddings.forward(batch, keys)?;
        let positions = self.positions(batch)?;
        let mut layers = self.layers.iter();
        layers.try_fold(embedded, |x, layer| layer.forward(&x, batch, positions.as_ref(), keys))
    }

    /// The relative positions that a batch needs, in families that have them.
    pub(super) fn positions(&self, batch: &Packed) -> candle_core::Result<Option<RelativePositions>> {
        self.relative.as_ref().map(|relative| relative.of(batch)).transpose()
    }

    /// The embedding output and the output of each layer, without dropout.
    #[cfg(test)]
    pub(super) fn hidden_states(&self, batch: &Packed) -> candle_core::Result<Vec<Tensor>> {
        let mut states = vec![self.embeddings.forward(batch, &mut None)?];
        let positions = self.positions(batch)?;
        for layer in &self.layers {
            let state = layer.forward(&states[states.len() - 1], batch, positions.as_ref(), &mut None)?;
            states.push(state);
        }
        Ok(states)
    }
}
