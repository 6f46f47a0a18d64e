//! The job file: everything one training needs, valid once [`TrainJob::check`] has passed.
//!
//! Owns the job's own keys; those of its `params` are [`Hyperparameters`]. Must not know where a job comes from.

mod parameters;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use parameters::{Hyperparameters, LoraScaling, LoraTargets};

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

fn default_seed() -> u64 {
    42
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
