//! The keys that every job has: its backbone, its folder for results, and how it computes.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::InvalidJob;

/// The keys that all job files share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// Folder with `config.json`, weights and tokenizer files.
    pub backbone: PathBuf,
    /// The backbone's name, for the adapter's card; absent: the name of its folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backbone_name: Option<String>,
    /// Folder for the results; made when absent.
    pub out: PathBuf,
    /// Seed of every random draw of the job.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Threads for matrix work; absent: as many as the machine has cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// Where to compute.
    #[serde(default)]
    pub device: DeviceChoice,
    /// The type of frozen weights and activations; trained values stay in f32.
    #[serde(default)]
    pub precision: Precision,
    /// Keep only the inputs of layers and compute the rest again for the backward pass: about a quarter more work, and
    /// memory for the activations of one layer instead of all.
    #[serde(default)]
    pub gradient_checkpointing: bool,
    /// Where and how often progress is kept. A job that finds its checkpoint continues from it.
    #[serde(default)]
    pub checkpoint: CheckpointPlan,
}

fn default_seed() -> u64 {
    42
}

impl Setup {
    /// The backbone's name.
    pub fn backbone_name(&self) -> String {
        let folder = || self.backbone.file_name().unwrap_or(self.backbone.as_os_str());
        self.backbone_name.clone().unwrap_or_else(|| folder().to_string_lossy().into_owned())
    }

    /// Where PEFT finds the backbone: its name, or else its folder.
    #[cfg(feature = "engine")]
    pub(crate) fn base_model(&self) -> String {
        let path = || self.backbone.to_string_lossy().into_owned();
        self.backbone_name.clone().unwrap_or_else(path)
    }
}

/// Where and how often progress is kept. It is always kept at the end of an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckpointPlan {
    /// The file; absent: `checkpoint.safetensors` in the job's `out`. It is removed when the job is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Seconds between two checkpoints within an epoch.
    pub every_seconds: f64,
    /// Optimiser steps between two checkpoints within an epoch; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_steps: Option<usize>,
}

impl Default for CheckpointPlan {
    fn default() -> Self {
        Self { file: None, every_seconds: 60.0, every_steps: None }
    }
}

impl CheckpointPlan {
    /// The file of a job that writes its results into `out`.
    pub fn path(&self, out: &Path) -> PathBuf {
        self.file.clone().unwrap_or_else(|| out.join("checkpoint.safetensors"))
    }

    pub(super) fn check(&self) -> Result<(), InvalidJob> {
        let fault = |key: &str, problem: String| InvalidJob { key: format!("checkpoint.{key}"), problem };
        if self.every_seconds.is_nan() || self.every_seconds <= 0.0 {
            let problem = format!("{} is not a time; give seconds above 0", self.every_seconds);
            return Err(fault("every_seconds", problem));
        }
        if self.every_steps == Some(0) {
            return Err(fault("every_steps", "0 is too small; give at least 1, or leave it out".into()));
        }
        Ok(())
    }
}

/// Compute device of a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChoice {
    /// The CPU, in f32.
    #[default]
    Cpu,
    /// The first CUDA device that the process can see. A supervisor chooses it by `CUDA_VISIBLE_DEVICES`.
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
