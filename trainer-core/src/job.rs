//! The job file: everything one training needs, valid once [`TrainJob::check`] has passed.
//!
//! Owns the names, defaults and bounds of the hyperparameters. Must not know where a job comes from.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// One training, as read from a JSON job file (`pedigree train JOB.json`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainJob {
    /// Training split, CoNLL columns.
    pub train: PathBuf,
    /// Development split: early stopping and the objective.
    pub dev: PathBuf,
    /// Whether, and when, the test split may be read.
    #[serde(default)]
    pub test: TestAccess,
    /// Folder with `config.json`, weights and tokenizer files.
    pub backbone: PathBuf,
    /// Adapter of `pedigree dapt` to start from: merged into the frozen weights before new branches are put on them; absent:
    /// the one in `dapt/` of the backbone's folder, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_adapter: Option<PathBuf>,
    /// The backbone's name, for the adapter's card; absent: its folder's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backbone_name: Option<String>,
    /// Folder for `adapter/`, `predictions.jsonl` and `summary.json`; made when absent.
    pub out: PathBuf,
    /// Entity type given to bare `B` / `I` tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_type: Option<String>,
    /// The hyperparameters, flat, by the names used in search-space files.
    pub params: Hyperparameters,
    /// The score that early stopping and the objective use.
    #[serde(default)]
    pub objective: ScoringProtocol,
    /// Seed of every random draw of this training.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Threads for matrix work; absent: as many as the machine has cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// Where to compute.
    #[serde(default)]
    pub device: DeviceChoice,
    /// In which type; what is trained stays in f32.
    #[serde(default)]
    pub precision: Precision,
    /// Keep the inputs of layers alone and compute the rest again for the backward pass: about a quarter more work, and
    /// memory for one layer's activations in place of all.
    #[serde(default)]
    pub gradient_checkpointing: bool,
    /// Where and how often progress is kept. A job whose checkpoint is there continues from it.
    #[serde(default)]
    pub checkpoint: CheckpointPlan,
    /// Windows that go through the model at once; a batch of several such parts has the gradient of the whole.
    #[serde(default)]
    pub micro_batch: MicroBatch,
    /// Refuse the job, or with `micro_batch` `auto` make do with smaller parts, when it would need more memory than
    /// this, bytes; absent: what the machine and the process's limits leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<u64>,
}

/// Where and how often progress is kept. The end of an epoch always is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckpointPlan {
    /// The file; absent: `checkpoint.safetensors` in the job's folder for results. Removed when the job is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Seconds between two checkpoints within an epoch.
    pub every_seconds: f64,
    /// Optimiser steps between two checkpoints within an epoch; absent: only time counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_steps: Option<usize>,
}

impl Default for CheckpointPlan {
    fn default() -> Self {
        Self { file: None, every_seconds: 60.0, every_steps: None }
    }
}

impl CheckpointPlan {
    /// The file, for a job that writes its results into `out`.
    pub fn path(&self, out: &Path) -> PathBuf {
        self.file.clone().unwrap_or_else(|| out.join("checkpoint.safetensors"))
    }

    pub(crate) fn check(&self) -> Result<(), InvalidJob> {
        let fault = |key: &str, problem: String| InvalidJob { key: format!("checkpoint.{key}"), problem };
        if self.every_seconds.is_nan() || self.every_seconds <= 0.0 {
            let problem = format!("{} is no time; give seconds above 0", self.every_seconds);
            return Err(fault("every_seconds", problem));
        }
        if self.every_steps == Some(0) {
            return Err(fault("every_steps", "0 is too small; give at least 1, or leave it out".into()));
        }
        Ok(())
    }
}

/// How many windows of a batch go through the model at once. The step is that of the whole batch; only the dropout
/// masks and the last bits of sums depend on the parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MicroBatch {
    /// All of them.
    #[default]
    Whole,
    /// As many as fit into memory: fewer from the start where the estimate says so, and fewer after memory ran out.
    Auto,
    /// At most so many.
    Size(std::num::NonZeroUsize),
}

/// How the trainer may reach the test split.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestAccess {
    /// Not at all (trials).
    #[default]
    Never,
    /// After training the trainer says [`crate::TrainerEvent::TestWanted`] and waits for a path on its stdin.
    OnRequest,
    /// A file that may be read once training has ended.
    Path(PathBuf),
}

/// Which entities count: see `score` in the engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoringProtocol {
    /// An entity opens with `B-`; orphan `I-` runs are no entities (seqeval `mode="strict", scheme=IOB2`).
    #[default]
    Strict,
    /// An orphan `I-` or a change of type opens an entity (seqeval's default mode, conlleval).
    Conlleval,
}

/// Compute device of a training.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChoice {
    /// The CPU, f32.
    #[default]
    Cpu,
    /// The first CUDA device that the process can see (the supervisor narrows it by `CUDA_VISIBLE_DEVICES`).
    Cuda,
}

impl DeviceChoice {
    /// Whether this build of the trainer computes there.
    pub const fn is_built(self) -> bool {
        matches!(self, Self::Cpu) || cfg!(feature = "cuda")
    }
}

/// The type of frozen weights and activations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// bf16 on CUDA, f32 on the CPU.
    #[default]
    Auto,
    /// 32 bits.
    F32,
    /// 16 bits with the range of f32.
    Bf16,
    /// 16 bits with a narrow range: the loss is scaled so that gradients stay inside.
    Fp16,
}

/// Which frozen linear layers get a LoRA branch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoraTargets {
    /// Query and value projections (the paper's choice, section 3.5).
    #[default]
    Qv,
    /// All four attention projections.
    Qkvo,
    /// Every linear layer of the encoder.
    AllLinear,
}

/// How a LoRA branch is scaled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoraScaling {
    /// By alpha / r (Hu et al. 2021).
    #[default]
    Standard,
    /// By alpha / sqrt(r) (Kalajdzievski 2023): large ranks learn as fast as small ones.
    Rslora,
}

impl LoraScaling {
    /// The alpha that scales by alpha / r as this scaling does with `alpha`.
    pub fn plain_alpha(self, alpha: f64, rank: usize) -> f64 {
        match self {
            Self::Standard => alpha,
            Self::Rslora => alpha * (rank as f64).sqrt(),
        }
    }
}

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
    /// Layers that get a LoRA branch.
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

fn default_seed() -> u64 {
    42
}
fn default_batch_size() -> usize {
    32
}
fn default_weight_decay() -> f64 {
    0.01
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

/// A job that cannot be run, with the key at fault and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct InvalidJob {
    /// Dotted key in the job file, such as `params.learning_rate`.
    pub key: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl TrainJob {
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

    /// What the backbone is called.
    pub fn backbone_name(&self) -> String {
        let folder = || self.backbone.file_name().unwrap_or(self.backbone.as_os_str());
        self.backbone_name.clone().unwrap_or_else(|| folder().to_string_lossy().into_owned())
    }

    /// Checks every value that has bounds.
    ///
    /// # Errors
    /// The first key out of its bounds.
    pub fn check(&self) -> Result<(), InvalidJob> {
        self.checkpoint.check()?;
        self.params.check()
    }
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
        let need = |holds: bool, key: &str, problem: String| {
            if holds { Ok(()) } else { Err(InvalidJob { key: format!("params.{key}"), problem }) }
        };
        let share = |key: &str, value: f64| {
            need((0.0..1.0).contains(&value), key, format!("{value} is not a share; give 0 <= value < 1"))
        };
        let rate = |key: &str, value: f64| {
            need(
                value.is_finite() && value > 0.0,
                key,
                format!("{value} is not a learning rate; give a positive number"),
            )
        };
        let count = |key: &str, value: usize| need(value > 0, key, "0 is too small; give at least 1".into());
        rate("learning_rate", self.learning_rate)?;
        rate("head_learning_rate", self.head_learning_rate.unwrap_or(1.0))?;
        share("warmup_ratio", self.warmup_ratio)?;
        share("label_smoothing", self.label_smoothing)?;
        share("lora_dropout", self.lora_dropout)?;
        need(
            self.weight_decay.is_finite() && self.weight_decay >= 0.0,
            "weight_decay",
            format!("{} is not a weight decay; give a number >= 0", self.weight_decay),
        )?;
        need(self.clip > 0.0, "clip", format!("{} is not a bound; give a positive number", self.clip))?;
        need(
            self.lora_alpha > 0.0,
            "lora_alpha",
            format!("{} is too small; give a positive number", self.lora_alpha),
        )?;
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
