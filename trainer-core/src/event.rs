//! What a trainer process writes and reads: JSON objects, one a line, on stdout and stdin, and an exit code at the end.
//!
//! Owns the shape of these lines. Must not know who reads them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::metrics::{DaptEpoch, DaptSummary, EpochMetrics, TestSummary, TrainSummary};

/// One line of a trainer's stdout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum TrainerEvent {
    /// Data and weights are loaded; training begins.
    Started {
        /// Trainable parameters (LoRA and head).
        trainable_parameters: u64,
        /// All parameters of the model.
        total_parameters: u64,
        /// Training sentences in use.
        train_sentences: usize,
        /// Training windows in use (a long sentence has several).
        train_windows: usize,
        /// Optimiser steps if no early stop happens.
        total_steps: usize,
        /// Tag set, `O` first.
        labels: Vec<String>,
        /// Where an earlier run of the job stopped, when this one continues it. The events of its epochs are repeated next.
        #[serde(default)]
        resumed: Option<Resumed>,
    },
    /// A sign of life within an epoch, at most about one a second.
    Progress {
        /// Epoch in progress, from 1.
        epoch: usize,
        /// Optimiser steps done.
        step: usize,
        /// Optimiser steps if no early stop happens.
        total_steps: usize,
        /// Mean training loss since the epoch began.
        loss: f64,
        /// Real (non-padding) pieces per second since the epoch began.
        tokens_per_second: f64,
    },
    /// An epoch and its evaluation on dev ended.
    Epoch(EpochMetrics),
    /// A test run has read its models; it waits for the test split on stdin ([`StdinMessage::Test`]).
    TestWanted,
    /// A test run has written everything; the process ends with [`ExitReason::Done`].
    Tested(TestSummary),
    /// Everything is written; the process ends with [`ExitReason::Done`].
    Finished(TrainSummary),
    /// An epoch of a pretraining's adapter and the measurement after it ended.
    DaptEpoch(DaptEpoch),
    /// A pretraining has written everything; the process ends with [`ExitReason::Done`].
    Adapted(DaptSummary),
    /// The job could not be finished; the process ends with the matching code.
    Failed {
        /// Why, as a class.
        reason: ExitReason,
        /// Why, as a sentence.
        message: String,
    },
}

/// Where a resumed training continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// Epochs that had ended.
    pub epochs: usize,
    /// Optimiser steps that were done.
    pub step: usize,
}

/// One line of a trainer's stdin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StdinMessage {
    /// The test split: the answer to [`TrainerEvent::TestWanted`].
    Test(PathBuf),
}

/// Why a trainer process ended; also its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitReason {
    /// Finished.
    Done,
    /// An error of no other class.
    Error,
    /// The job file is wrong.
    InvalidJob,
    /// The corpus or the backbone is wrong.
    InvalidInput,
    /// Loss or gradient became NaN or infinite.
    Diverged,
    /// Memory ran out.
    OutOfMemory,
    /// The supervisor closed stdin or asked the trainer to stop; the progress is kept.
    Interrupted,
    /// The checkpoint that was found belongs to another job, or is damaged.
    InvalidCheckpoint,
}

impl ExitReason {
    /// The process exit code of this reason.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::InvalidJob => 2,
            Self::InvalidInput => 3,
            Self::Diverged => 4,
            Self::OutOfMemory => 5,
            Self::Interrupted => 6,
            Self::InvalidCheckpoint => 7,
        }
    }
}
