//! What a trainer process says and hears: one JSON object a line on stdout and stdin, and an exit code at the end.
//!
//! Owns the shape of these lines. Must not know who reads them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{DaptEpoch, DaptSummary};

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
        /// Where an earlier run of the same job left off, when this one continues it. Its epochs are said again next.
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
    /// Training has ended; the test split is asked for on stdin ([`StdinMessage::Test`]).
    TestWanted,
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

/// Where a training was taken up again.
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
    /// The test split, answered to [`TrainerEvent::TestWanted`].
    Test(PathBuf),
}

/// Metrics of one epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Optimiser steps done since the start of training.
    pub step: usize,
    /// Mean training loss of the epoch (label smoothing included).
    pub train_loss: f64,
    /// Mean cross-entropy on dev (no smoothing).
    pub dev_loss: f64,
    /// Dev scores, by protocol.
    pub dev: ProtocolScores,
    /// Learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// Mean gradient norm of the epoch's steps, before clipping.
    pub gradient_norm: f64,
    /// Wall seconds, evaluation included.
    pub seconds: f64,
    /// Wall seconds of the training part.
    pub train_seconds: f64,
    /// Training sentences per second of the training part.
    pub sentences_per_second: f64,
    /// Real (non-padding) pieces per second of the training part.
    pub tokens_per_second: f64,
    /// Pieces per second, padding included.
    pub padded_tokens_per_second: f64,
    /// Highest resident memory of the process so far, bytes.
    pub peak_memory_bytes: u64,
    /// An earlier run of the job trained this epoch; it came with the checkpoint.
    #[serde(default)]
    pub carried: bool,
}

/// Entity scores by protocol.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProtocolScores {
    /// seqeval `mode="strict", scheme=IOB2`.
    pub strict: EntityScore,
    /// seqeval's default mode.
    pub conlleval: EntityScore,
    /// Every piece of a word counted as a word: not comparable with the other two.
    pub subtoken_all: EntityScore,
}

/// Micro-averaged exact-match entity scores, with the counts they come from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EntityScore {
    /// Share of predicted entities that are right, 0..1 (0 when nothing was predicted).
    pub precision: f64,
    /// Share of gold entities found, 0..1 (0 when there are none).
    pub recall: f64,
    /// Harmonic mean of the two, 0..1.
    pub f1: f64,
    /// Entities with the right boundaries and type.
    pub true_positives: u64,
    /// Predicted entities that are not gold.
    pub false_positives: u64,
    /// Gold entities that were not predicted.
    pub false_negatives: u64,
}

/// Scores on the test split, opened once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestScores {
    /// Over all entity types.
    pub overall: ProtocolScores,
    /// For each entity type.
    pub per_type: BTreeMap<String, ProtocolScores>,
    /// Sentences of the split.
    pub sentences: usize,
    /// Sentences that needed more than one window.
    pub windowed_sentences: usize,
    /// Words whose predicted tag is an `I-` that continues nothing.
    pub orphan_tags: u64,
}

/// The result of a finished training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainSummary {
    /// Epoch with the best dev score; the adapter written is this epoch's.
    pub best_epoch: usize,
    /// Epochs trained.
    pub epochs: usize,
    /// True when patience ran out before `max_epochs`.
    pub stopped_early: bool,
    /// Dev F1 of the best epoch under the job's objective.
    pub objective: f64,
    /// Dev scores of the best epoch.
    pub dev: ProtocolScores,
    /// Test scores, when the job opened the test split.
    pub test: Option<TestScores>,
    /// Trainable parameters.
    pub trainable_parameters: u64,
    /// Wall seconds from start to end.
    pub seconds: f64,
    /// Highest resident memory of the process, bytes.
    pub peak_memory_bytes: u64,
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
    /// The supervisor closed stdin or asked for an end; the progress is kept.
    Interrupted,
    /// The checkpoint that lies there belongs to another job, or is damaged.
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
