//! The parameters of a domain-adaptive pretraining, with their defaults and bounds.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use super::bounds::{clip, count, learning_rate, lora_alpha, need, positive, share, weight_decay};
use super::{InvalidJob, LoraTargets};

/// The parameters of one pretraining. Defaults are those of the paper (OpenMed NER, section 3.2 and table 1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DaptParameters {
    /// Peak learning rate of the adapter.
    pub learning_rate: f64,
    /// Sequences per optimiser step.
    pub batch_size: usize,
    /// Sequences that go through the model at once. The gradient is that of the whole batch.
    pub micro_batch: NonZeroUsize,
    /// Passes over the text.
    pub epochs: usize,
    /// Optimiser steps, instead of `epochs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Steps of linear warm-up, at most a tenth of all steps.
    pub warmup_steps: usize,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// AdamW's decay of the mean of gradients, 0..1.
    pub adam_beta1: f64,
    /// AdamW's decay of the mean of their squares, 0..1.
    pub adam_beta2: f64,
    /// What AdamW adds to the root of that mean.
    pub adam_epsilon: f64,
    /// Global gradient-norm bound.
    pub clip: f64,
    /// LoRA rank.
    pub lora_r: usize,
    /// LoRA alpha: the branch is scaled by alpha / r.
    pub lora_alpha: f64,
    /// Dropout before the LoRA branch, 0..1.
    pub lora_dropout: f64,
    /// Layers that get a LoRA branch.
    pub lora_targets: LoraTargets,
    /// Pieces per sequence, special ones included.
    pub max_length: usize,
    /// Join short passages up to `max_length`.
    pub pack: bool,
    /// Share of pieces to predict, 0..1.
    pub mask_share: f64,
    /// Steps that train only a new masked-LM head, where the backbone has none.
    pub head_steps: usize,
    /// Peak learning rate of these steps.
    pub head_learning_rate: f64,
}

impl Default for DaptParameters {
    fn default() -> Self {
        Self {
            learning_rate: 2e-4,
            batch_size: 128,
            micro_batch: NonZeroUsize::MIN.saturating_add(15),
            epochs: 3,
            steps: None,
            warmup_steps: 500,
            weight_decay: 0.01,
            adam_beta1: 0.9,
            adam_beta2: 0.999,
            adam_epsilon: 1e-8,
            clip: 1.0,
            lora_r: 16,
            lora_alpha: 32.0,
            lora_dropout: 0.05,
            lora_targets: LoraTargets::Qv,
            max_length: 256,
            pack: true,
            mask_share: 0.15,
            head_steps: 1000,
            head_learning_rate: 1e-3,
        }
    }
}

impl DaptParameters {
    /// Checks every value that has bounds.
    ///
    /// # Errors
    /// The first key out of its bounds.
    pub fn check(&self) -> Result<(), InvalidJob> {
        learning_rate("learning_rate", self.learning_rate)?;
        learning_rate("head_learning_rate", self.head_learning_rate)?;
        count("batch_size", self.batch_size)?;
        count("epochs", self.epochs)?;
        need(self.steps != Some(0), "steps", "0 is too small; give at least 1, or leave it out".into())?;
        weight_decay(self.weight_decay)?;
        share("adam_beta1", self.adam_beta1)?;
        share("adam_beta2", self.adam_beta2)?;
        positive("adam_epsilon", self.adam_epsilon)?;
        clip(self.clip)?;
        count("lora_r", self.lora_r)?;
        lora_alpha(self.lora_alpha)?;
        share("lora_dropout", self.lora_dropout)?;
        let trains = self.lora_targets != LoraTargets::None;
        need(
            trains,
            "lora_targets",
            "none leaves a pretraining nothing to train; give qv, qkvo or all-linear".into(),
        )?;
        let room = self.max_length >= 8;
        need(room, "max_length", format!("{} is too small; give at least 8 pieces", self.max_length))?;
        let some = self.mask_share > 0.0 && self.mask_share < 1.0;
        need(some, "mask_share", format!("{} is not a share; give 0 < value < 1", self.mask_share))
    }
}
