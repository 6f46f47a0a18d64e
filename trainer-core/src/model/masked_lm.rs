//! An encoder with a masked-language-model head: linear layer, gelu, layer norm, and a decoder tied to the word
//! embeddings (Devlin et al. 2019, section 3.1). The head is frozen where the backbone has one.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor, Var};

use super::backward::gradients;
use super::compute::Compute;
use super::encoder::Encoder;
use super::lora::LoraShape;
use super::mask_keys::MaskKeys;
use super::operand::Affine;
use super::ops::{gelu, linear, norm, rows as chosen_rows};
use super::packed::Packed;
use crate::TrainError;
use crate::backbone::{EncoderConfig, HeadLayout, Weights};
use crate::rng::{Draws, Seeds};

/// Standard deviation of a new head's weights, as transformers starts it.
const HEAD_DEVIATION: f64 = 0.02;

/// An encoder with a masked-LM head.
pub(crate) struct MaskedLm {
    encoder: Encoder,
    head: Head,
}

struct Head {
    /// To the width of the embeddings.
    dense: Affine,
    norm: Affine,
    /// `[vocab]`.
    bias: Tensor,
    eps: f64,
    /// The variables of a new head, by their name in a file of transformers.
    fresh: BTreeMap<String, Var>,
}

/// Where the head of `config`'s family lies in `weights`, if they have one. Discriminators of ELECTRA and plain encoders
/// have none.
fn lm_head(config: &EncoderConfig, weights: &Weights) -> Option<HeadLayout> {
    let present = |layout: &&HeadLayout| weights.holds(layout.bias);
    config.family.head_layouts().iter().find(present).copied()
}

impl MaskedLm {
    /// Pretrained weights and new branches. The head is that of the backbone, frozen. A backbone without one gets a new
    /// head, whose tensors are in [`Self::fresh_head`]. `seeds` decides the new values.
    ///
    /// # Errors
    /// A tensor of the backbone is missing or wrong.
    pub(crate) fn new(
        config: &EncoderConfig,
        weights: &Weights,
        lora: Option<LoraShape>,
        seeds: &Seeds,
        compute: &Compute,
    ) -> Result<Self, TrainError> {
        if !config.tie_word_embeddings {
            return Err(weights
                .refused("tie_word_embeddings must be true: the decoder is the word embeddings")
                .into());
        }
        let head = match lm_head(config, weights) {
            Some(layout) => Head::pretrained(layout, config, weights, compute)?,
            None => Head::fresh(config, &seeds.child("lm head"), &compute.device)?,
        };
        Ok(Self { encoder: Encoder::new(config, weights, lora, seeds, compute)?, head })
    }

    /// Where the model computes.
    pub(crate) fn compute(&self) -> &Compute {
        &self.encoder.compute
    }

    /// The branches by their name in a PEFT adapter, sorted by name.
    pub(crate) fn trainable(&self) -> BTreeMap<String, Var> {
        self.encoder.trainable()
    }

    /// The tensors of a new head, which must be trained before perplexity means anything. Empty where the backbone has one.
    pub(crate) fn fresh_head(&self) -> &BTreeMap<String, Var> {
        &self.head.fresh
    }

    /// Trained values of the branches.
    pub(crate) fn trainable_parameters(&self) -> u64 {
        self.trainable().values().map(|var| var.elem_count() as u64).sum()
    }

    /// All values of the model.
    pub(crate) fn total_parameters(&self) -> u64 {
        self.encoder.frozen + self.head.parameters() + self.trainable_parameters()
    }

    /// Logits of the pieces `rows` (`[m]`, indices into the batch): `[m, vocab]`. Ask only for masked pieces: the decoder is
    /// by far the widest layer.
    pub(crate) fn logits(
        &self,
        batch: &Packed,
        rows: &Tensor,
        mut keys: MaskKeys<'_>,
    ) -> candle_core::Result<Tensor> {
        let hidden = chosen_rows(&self.encoder.hidden(batch, &mut keys)?, rows)?;
        self.head.logits(&hidden, &self.encoder.embeddings.words)
    }

    /// Returns the loss, which `loss` computes from the logits of `rows`, and the gradients of the branches: one store for each part
    /// of the backward.
    pub(crate) fn gradients(
        &self,
        batch: &Packed,
        rows: &Tensor,
        keys: &mut Draws,
        loss: &dyn Fn(&Tensor) -> candle_core::Result<Tensor>,
    ) -> candle_core::Result<(Tensor, Vec<GradStore>)> {
        let words = &self.encoder.embeddings.words;
        gradients(&self.encoder, batch, keys, &|hidden, _| {
            loss(&self.head.logits(&chosen_rows(hidden, rows)?, words)?)
        })
    }

    /// Logits without gradients to the branches: a new head is trained on the encoder as it is.
    pub(crate) fn logits_for_head(
        &self,
        batch: &Packed,
        rows: &Tensor,
        mut keys: MaskKeys<'_>,
    ) -> candle_core::Result<Tensor> {
        let hidden = self.encoder.hidden(batch, &mut keys)?.detach().index_select(rows, 0)?;
        self.head.logits(&hidden, &self.encoder.embeddings.words)
    }

    /// The embedding output and the output of each layer, without dropout.
    #[cfg(test)]
    pub(crate) fn hidden_states(&self, batch: &Packed) -> candle_core::Result<Vec<Tensor>> {
        self.encoder.hidden_states(batch)
    }
}

impl Head {
    fn pretrained(
        layout: HeadLayout,
        config: &EncoderConfig,
        weights: &Weights,
        compute: &Compute,
    ) -> Result<Self, TrainError> {
        let (hidden, width) = (config.hidden_size, config.embedding_size);
        let named = |name: &str, shape: &[usize]| -> Result<Tensor, TrainError> {
            Ok(compute.frozen(&weights.outside(name, shape, &Device::Cpu)?)?)
        };
        let of = |path: &str, part: &str, shape: &[usize]| named(&format!("{path}.{part}"), shape);
        Ok(Self {
            dense: Affine {
                weight: of(layout.dense, "weight", &[width, hidden])?,
                bias: of(layout.dense, "bias", &[width])?,
            },
            norm: Affine {
                weight: of(layout.norm, "weight", &[width])?,
                bias: of(layout.norm, "bias", &[width])?,
            },
            bias: named(layout.bias, &[config.vocab_size])?,
            eps: config.layer_norm_eps,
            fresh: BTreeMap::new(),
        })
    }

    fn fresh(config: &EncoderConfig, seeds: &Seeds, device: &Device) -> Result<Self, TrainError> {
        let layout = config.family.head_layouts()[0];
        let (hidden, width) = (config.hidden_size, config.embedding_size);
        let mut fresh = BTreeMap::new();
        let mut variable = |name: String, shape: &[usize], values: Vec<f32>| -> Result<Tensor, TrainError> {
            let var = Var::from_tensor(&Tensor::from_vec(values, shape, device)?)?;
            let tensor = var.as_tensor().clone();
            fresh.insert(name, var);
            Ok(tensor)
        };
        let weights = seeds.draws().normal(width * hidden, HEAD_DEVIATION);
        let dense = Affine {
            weight: variable(format!("{}.weight", layout.dense), &[width, hidden], weights)?,
            bias: variable(format!("{}.bias", layout.dense), &[width], vec![0.0; width])?,
        };
        let norm = Affine {
            weight: variable(format!("{}.weight", layout.norm), &[width], vec![1.0; width])?,
            bias: variable(format!("{}.bias", layout.norm), &[width], vec![0.0; width])?,
        };
        let bias = variable(layout.bias.into(), &[config.vocab_size], vec![0.0; config.vocab_size])?;
        Ok(Self { dense, norm, bias, eps: config.layer_norm_eps, fresh })
    }

    fn parameters(&self) -> u64 {
        let (dense, norm) = (&self.dense, &self.norm);
        [&dense.weight, &dense.bias, &norm.weight, &norm.bias, &self.bias]
            .map(|tensor| tensor.elem_count() as u64)
            .iter()
            .sum()
    }

    /// `hidden` is `[m, hidden]`, `words` `[vocab, embedding]`.
    fn logits(&self, hidden: &Tensor, words: &Tensor) -> candle_core::Result<Tensor> {
        let inner = norm(&gelu(&linear(hidden, &self.dense)?)?, &self.norm, self.eps)?;
        let decoder = Affine { weight: words.clone(), bias: self.bias.clone() };
        linear(&inner, &decoder)?.to_dtype(DType::F32)
    }
}
