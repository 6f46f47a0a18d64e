//! Why a training ends without a result, and the exit code of each cause.
//!
//! Owns the mapping from a fault to an [`ExitReason`]. Must not know how anybody reacts to it.

use std::path::{Path, PathBuf};

use crate::backbone::BackboneError;
use crate::checkpoint::CheckpointError;
use crate::corpus::CorpusError;
use crate::{ExitReason, InvalidJob};

/// The supervisor asked the training to stop, or is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("interrupted by the supervisor")]
pub struct Interrupted;

/// A training that gave no result.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The job file is wrong.
    #[error("job file: {0}")]
    Job(#[from] InvalidJob),
    /// A split cannot be read or used.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The backbone cannot be read or run.
    #[error(transparent)]
    Backbone(#[from] BackboneError),
    /// Loss or gradient became NaN or infinite.
    #[error("training diverged at step {step}: {tensor} is {value}; try a smaller learning rate")]
    Diverged {
        /// Optimiser step, from 1.
        step: usize,
        /// `loss`, or the trainable tensor with the first non-finite gradient.
        tensor: String,
        /// What it was.
        value: f64,
    },
    /// After the first backward pass a trainable tensor has no gradient: the model is wired wrongly.
    #[error("no gradient reached {tensor} in the first step; this is a fault of the trainer")]
    NoGradient {
        /// The tensor, by its name in the adapter.
        tensor: String,
    },
    /// A checkpoint cannot be written or resumed from.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Memory ran out, or would.
    #[error("{0}")]
    OutOfMemory(String),
    /// See [`Interrupted`].
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// A file of the result cannot be written.
    #[error("{path}: cannot be written: {source}", path = .path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The requested device is not part of this build, or does not compute in the requested precision.
    #[error("{0}")]
    Device(String),
    /// The requested device is not available.
    #[error("{0}")]
    NoDevice(String),
    /// The matrix library failed.
    #[error("tensor computation failed: {0}")]
    Tensor(#[source] candle_core::Error),
    /// The thread pool could not be made.
    #[error("threads could not be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl From<candle_core::Error> for TrainError {
    fn from(error: candle_core::Error) -> Self {
        // CUDA's driver and cuBLAS have no code for it, only these words.
        let text = error.to_string().to_lowercase().replace('_', " ");
        if text.contains("out of memory") || text.contains("alloc failed") {
            let cause = text.lines().next().unwrap_or_default();
            return Self::OutOfMemory(format!("the device's memory ran out ({cause})"));
        }
        Self::Tensor(error)
    }
}

impl TrainError {
    /// The class of this fault, which is also the exit code of the process.
    pub fn reason(&self) -> ExitReason {
        match self {
            Self::Job(_) | Self::Device(_) => ExitReason::InvalidJob,
            Self::Corpus(_) | Self::Backbone(_) => ExitReason::InvalidInput,
            Self::Diverged { .. } => ExitReason::Diverged,
            Self::Interrupted(_) => ExitReason::Interrupted,
            Self::OutOfMemory(_) => ExitReason::OutOfMemory,
            Self::Checkpoint(CheckpointError::Unwritten { .. }) => ExitReason::Error,
            Self::Checkpoint(_) => ExitReason::InvalidCheckpoint,
            Self::NoDevice(_)
            | Self::NoGradient { .. }
            | Self::Output { .. }
            | Self::Tensor(_)
            | Self::Threads(_) => ExitReason::Error,
        }
    }

    pub(crate) fn output(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Output { path, source }
    }
}
