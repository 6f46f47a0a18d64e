//! The hyperparameters of a training, by the names that search-space files use.
//!
//! Owns their defaults and bounds. Must not know what they do to a training.

use serde::{Deserialize, Serialize};

use super::bounds::{clip, count, learning_rate, lora_alpha, need, positive, share, weight_decay};
use super::{InvalidJob, LoraScaling, LoraTargets};

/// The hyperparameters of one training. Field names are the dimension names of search-space files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hyperparameters {
    /// Peak learning rate of the adapters (and of the head unless `head_learning_rate` is given).
    pub learning_rate: f64,
    /// Peak learning rate of the classification head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_learning_rate: Option<f64>,
    /// Windows per optimiser step.
    #[serde(default = "default_batch_size")]
    pub batch_size: usize,
    /// Decoupled weight decay, on all trainable tensors but biases.
    #[serde(default = "default_weight_decay")]
    pub weight_decay: f64,
    /// AdamW's decay of the mean of gradients, 0..1.
    #[serde(default = "default_adam_beta1")]
    pub adam_beta1: f64,
    /// AdamW's decay of the mean of their squares, 0..1.
    #[serde(default = "default_adam_beta2")]
    pub adam_beta2: f64,
    /// What AdamW adds to the root of that mean.
    #[serde(default = "default_adam_epsilon")]
    pub adam_epsilon: f64,
    /// Share of all steps spent in linear warm-up, 0..1.
    #[serde(default = "default_warmup_ratio")]
    pub warmup_ratio: f64,
    /// Upper bound of epochs.
    #[serde(default = "default_max_epochs")]
    pub max_epochs: usize,
    /// Epochs without a better dev score before training ends.
    #[serde(default = "default_patience")]
    pub patience: usize,
    /// Mass of the label distribution spread over all classes, 0..1.
    #[serde(default = "default_label_smoothing")]
    pub label_smoothing: f64,
    /// Global gradient-norm bound.
    #[serde(default = "default_clip")]
    pub clip: f64,
    /// LoRA rank.
    #[serde(default = "default_lora_r")]
    pub lora_r: usize,
    /// LoRA alpha: see [`LoraScaling`].
    #[serde(default = "default_lora_alpha")]
    pub lora_alpha: f64,
    /// Dropout before the LoRA branch, 0..1.
    #[serde(default = "default_lora_dropout")]
    pub lora_dropout: f64,
    /// Layers that get a LoRA branch. With `none` the head is all that is trained, and the other keys of LoRA have no
    /// effect.
    #[serde(default)]
    pub lora_targets: LoraTargets,
    /// How the branches are scaled.
    #[serde(default)]
    pub lora_scaling: LoraScaling,
    /// Pieces per window, special tokens included.
    #[serde(default = "default_max_length")]
    pub max_length: usize,
    /// Pieces that neighbouring windows share.
    #[serde(default = "default_stride")]
    pub stride: usize,
    /// Use only the first N training sentences (reduced budgets).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_train_sentences: Option<usize>,
    /// Use only the first N dev sentences (reduced budgets).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_dev_sentences: Option<usize>,
}

fn default_batch_size() -> usize {
    32
}
fn default_weight_decay() -> f64 {
    0.01
}
fn default_adam_beta1() -> f64 {
    0.9
}
fn default_adam_beta2() -> f64 {
    0.999
}
fn default_adam_epsilon() -> f64 {
    1e-8
}
fn default_warmup_ratio() -> f64 {
    0.1
}
fn default_max_epochs() -> usize {
    20
}
fn default_patience() -> usize {
    3
}
fn default_label_smoothing() -> f64 {
    0.1
}
fn default_clip() -> f64 {
    1.0
}
fn default_lora_r() -> usize {
    16
}
fn default_lora_alpha() -> f64 {
    32.0
}
fn default_lora_dropout() -> f64 {
    0.05
}
fn default_max_length() -> usize {
    256
}
fn default_stride() -> usize {
    50
}

impl Hyperparameters {
    /// The defaults, at the one value that has none.
    #[cfg(feature = "engine")]
    pub(crate) fn with_rate(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            head_learning_rate: None,
            batch_size: default_batch_size(),
            weight_decay: default_weight_decay(),
            adam_beta1: default_adam_beta1(),
            adam_beta2: default_adam_beta2(),
            adam_epsilon: default_adam_epsilon(),
            warmup_ratio: default_warmup_ratio(),
            max_epochs: default_max_epochs(),
            patience: default_patience(),
            label_smoothing: default_label_smoothing(),
            clip: default_clip(),
            lora_r: default_lora_r(),
            lora_alpha: default_lora_alpha(),
            lora_dropout: default_lora_dropout(),
            lora_targets: LoraTargets::default(),
            lora_scaling: LoraScaling::default(),
            max_length: default_max_length(),
            stride: default_stride(),
            max_train_sentences: None,
            max_dev_sentences: None,
        }
    }

    /// Checks every value against its bounds.
    ///
    /// # Errors
    /// The first key out of its bounds.
    pub fn check(&self) -> Result<(), InvalidJob> {
        learning_rate("learning_rate", self.learning_rate)?;
        learning_rate("head_learning_rate", self.head_learning_rate.unwrap_or(1.0))?;
        share("adam_beta1", self.adam_beta1)?;
        share("adam_beta2", self.adam_beta2)?;
        positive("adam_epsilon", self.adam_epsilon)?;
        share("warmup_ratio", self.warmup_ratio)?;
        share("label_smoothing", self.label_smoothing)?;
        share("lora_dropout", self.lora_dropout)?;
        weight_decay(self.weight_decay)?;
        clip(self.clip)?;
        lora_alpha(self.lora_alpha)?;
        count("batch_size", self.batch_size)?;
        count("max_epochs", self.max_epochs)?;
        count("patience", self.patience)?;
        count("lora_r", self.lora_r)?;
        count("max_train_sentences", self.max_train_sentences.unwrap_or(1))?;
        count("max_dev_sentences", self.max_dev_sentences.unwrap_or(1))?;
        need(
            self.max_length >= 4 && self.stride < self.max_length - 2,
            "stride",
            format!(
                "stride {} must be smaller than max_length - 2 = {}",
                self.stride,
                self.max_length.saturating_sub(2)
            ),
        )
    }
}
