//! The job file of a domain-adaptive pretraining, and what it measures.
//!
//! Owns the names, defaults and bounds of its parameters. Must not know where a job comes from.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{CheckpointPlan, DeviceChoice, InvalidJob, LoraTargets, Precision};

/// One domain-adaptive pretraining, as read from a JSON job file (`pedigree dapt JOB.json`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaptJob {
    /// Text to train on: one passage a line.
    pub passages: PathBuf,
    /// Text to measure on before and after: one passage a line, from other documents.
    pub held_out: PathBuf,
    /// Folder with `config.json`, weights and tokenizer files.
    pub backbone: PathBuf,
    /// The backbone's name, for the adapter's card; absent: its folder's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backbone_name: Option<String>,
    /// Folder for `adapter/` and `summary.json`; made when absent.
    pub out: PathBuf,
    /// The parameters.
    #[serde(default)]
    pub params: DaptParameters,
    /// Seed of order, masks, dropout and initial values.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Threads for matrix work; absent: as many as the machine has cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// Where to compute.
    #[serde(default)]
    pub device: DeviceChoice,
    /// In which type; `fp16` is for trainings alone.
    #[serde(default)]
    pub precision: Precision,
    /// Keep the inputs of layers alone and compute the rest again for the backward pass.
    #[serde(default)]
    pub gradient_checkpointing: bool,
    /// Where and how often progress is kept. A job whose checkpoint is there continues from it.
    #[serde(default)]
    pub checkpoint: CheckpointPlan,
}

const fn default_seed() -> u64 {
    42
}

/// The parameters of one pretraining. Defaults are those of the paper (OpenMed NER, section 3.2 and table 1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DaptParameters {
    /// Peak learning rate of the adapter.
    pub learning_rate: f64,
    /// Sequences per optimiser step.
    pub batch_size: usize,
    /// Sequences that go through the model at once; a batch of several such parts has the gradient of the whole.
    pub micro_batch: NonZeroUsize,
    /// Passes over the text.
    pub epochs: usize,
    /// Optimiser steps, in place of `epochs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Steps of linear warm-up; at most a tenth of all steps is used.
    pub warmup_steps: usize,
    /// Decoupled weight decay.
    pub weight_decay: f64,
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
    /// Share of pieces that are to be predicted, 0..1.
    pub mask_share: f64,
    /// Steps in which a new masked-LM head is trained alone, where the backbone has none.
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

impl DaptJob {
    /// Reads and checks a job file.
    ///
    /// # Errors
    /// The file's name with the position of a syntax error, an unknown key, or the first value out of bounds.
    pub fn read(path: &Path) -> Result<Self, InvalidJob> {
        let fault = |problem: String| InvalidJob { key: path.display().to_string(), problem };
        let text = std::fs::read_to_string(path).map_err(|e| fault(format!("cannot be read: {e}")))?;
        let job: Self = serde_json::from_str(&text).map_err(|e| fault(e.to_string()))?;
        job.check()?;
        Ok(job)
    }

    /// Checks every value that has bounds.
    ///
    /// # Errors
    /// The first key out of its bounds.
    pub fn check(&self) -> Result<(), InvalidJob> {
        self.checkpoint.check()?;
        if self.precision == Precision::Fp16 {
            let problem = "fp16 would need a scaled loss, which pretraining does not have; give bf16 or f32";
            return Err(InvalidJob { key: "precision".into(), problem: problem.into() });
        }
        self.params.check()
    }

    /// What the adapter's card calls the backbone.
    pub fn backbone_name(&self) -> String {
        let folder = || self.backbone.file_name().unwrap_or(self.backbone.as_os_str());
        self.backbone_name.clone().unwrap_or_else(|| folder().to_string_lossy().into_owned())
    }
}

impl DaptParameters {
    /// Checks every value that has bounds.
    ///
    /// # Errors
    /// The first key out of its bounds.
    pub fn check(&self) -> Result<(), InvalidJob> {
        let need = |holds: bool, key: &str, problem: &str| {
            let fault = || InvalidJob { key: format!("params.{key}"), problem: problem.to_owned() };
            if holds { Ok(()) } else { Err(fault()) }
        };
        let positive = |value: f64| value.is_finite() && value > 0.0;
        need(positive(self.learning_rate), "learning_rate", "give a positive number")?;
        need(positive(self.head_learning_rate), "head_learning_rate", "give a positive number")?;
        need(self.batch_size > 0, "batch_size", "give at least 1")?;
        need(self.epochs > 0, "epochs", "give at least 1")?;
        need(self.steps != Some(0), "steps", "give at least 1, or leave it out")?;
        need(
            self.weight_decay.is_finite() && self.weight_decay >= 0.0,
            "weight_decay",
            "give a number >= 0",
        )?;
        need(self.clip > 0.0, "clip", "give a positive number")?;
        need(self.lora_r > 0, "lora_r", "give at least 1")?;
        need(positive(self.lora_alpha), "lora_alpha", "give a positive number")?;
        need((0.0..1.0).contains(&self.lora_dropout), "lora_dropout", "give 0 <= share < 1")?;
        need(self.max_length >= 8, "max_length", "give at least 8 pieces")?;
        need(self.mask_share > 0.0 && self.mask_share < 1.0, "mask_share", "give 0 < share < 1")
    }
}

/// How well masked pieces of the held-out text are predicted. The masks are the same in every measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HeldOutScores {
    /// exp of the mean negative log-likelihood of masked pieces. Comparable for one backbone's vocabulary alone.
    pub pseudo_perplexity: f64,
    /// The same likelihood in bits per character of the text: mean bits per masked piece x pieces / characters.
    pub bits_per_character: f64,
    /// Share of masked pieces whose likeliest prediction is right, 0..1.
    pub masked_accuracy: f64,
    /// Masked pieces.
    pub masked: usize,
}

/// Metrics of one epoch of a pretraining's adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DaptEpoch {
    /// Epoch, from 1; the last one may be cut short by the number of steps.
    pub epoch: usize,
    /// Optimiser steps of the adapter since its start.
    pub step: usize,
    /// Mean masked-LM loss of the epoch's steps.
    pub train_loss: f64,
    /// The held-out text after the epoch.
    pub held_out: HeldOutScores,
    /// Wall seconds, the measurement included.
    pub seconds: f64,
    /// Real pieces per second, special ones included, without the measurement.
    pub tokens_per_second: f64,
    /// Highest resident memory of the process so far, bytes.
    pub peak_memory_bytes: u64,
    /// An earlier run of the job trained this epoch; it came with the checkpoint.
    #[serde(default)]
    pub carried: bool,
}

/// The result of a finished pretraining.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DaptSummary {
    /// With the new head where one was trained, without the adapter.
    pub before: HeldOutScores,
    /// With the adapter.
    pub after: HeldOutScores,
    /// Optimiser steps of the adapter.
    pub steps: usize,
    /// Optimiser steps of a new head before; 0 where the backbone has one.
    pub head_steps: usize,
    /// Sequences in an epoch.
    pub sequences: usize,
    /// Real pieces in an epoch, special ones included.
    pub pieces: usize,
    /// Trainable parameters of the adapter.
    pub trainable_parameters: u64,
    /// Wall seconds from start to end, earlier runs of the job included.
    pub seconds: f64,
    /// Highest resident memory of the process, bytes.
    pub peak_memory_bytes: u64,
}
