//! What trainings and pretrainings measure, epoch by epoch and at the end.
//!
//! Owns the shape of these figures. Must not know how they are measured, or who reads them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ScoringProtocol;

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
    /// An earlier run of the job trained this epoch, and its report comes from the checkpoint.
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

impl ProtocolScores {
    /// The scores under one protocol.
    pub const fn under(&self, protocol: ScoringProtocol) -> EntityScore {
        match protocol {
            ScoringProtocol::Strict => self.strict,
            ScoringProtocol::Conlleval => self.conlleval,
        }
    }
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

/// One model's scores on the test split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelScores {
    /// The model's name in the job.
    pub name: String,
    /// The scores.
    pub scores: TestScores,
}

/// The result of a finished test run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestSummary {
    /// The models' scores, in the job's order.
    pub models: Vec<ModelScores>,
    /// Wall seconds from start to end.
    pub seconds: f64,
    /// Highest resident memory of the process, bytes.
    pub peak_memory_bytes: u64,
}

/// The result of a finished training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainSummary {
    /// Epoch with the best dev score, of equal ones that with the lowest dev loss. Its adapter is written.
    pub best_epoch: usize,
    /// Epochs trained.
    pub epochs: usize,
    /// True when patience ran out before `max_epochs`.
    pub stopped_early: bool,
    /// Dev F1 of the best epoch under the job's objective.
    pub objective: f64,
    /// Dev scores of the best epoch.
    pub dev: ProtocolScores,
    /// Mean cross-entropy on dev after the best epoch. Absent in summaries of older versions.
    #[serde(default)]
    pub dev_loss: Option<f64>,
    /// Test scores, when the job names a test split.
    pub test: Option<TestScores>,
    /// Trainable parameters.
    pub trainable_parameters: u64,
    /// Wall seconds from start to end.
    pub seconds: f64,
    /// Highest resident memory of the process, bytes.
    pub peak_memory_bytes: u64,
}

/// How well masked pieces of the held-out text are predicted. The masks are the same in every measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HeldOutScores {
    /// exp of the mean negative log-likelihood of masked pieces. Comparable only within one vocabulary.
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
    /// Scores on the held-out text after the epoch.
    pub held_out: HeldOutScores,
    /// Wall seconds, the measurement included.
    pub seconds: f64,
    /// Real pieces per second, special ones included, without the measurement.
    pub tokens_per_second: f64,
    /// Highest resident memory of the process so far, bytes.
    pub peak_memory_bytes: u64,
    /// An earlier run of the job trained this epoch, and its report comes from the checkpoint.
    #[serde(default)]
    pub carried: bool,
}

/// The result of a finished pretraining.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DaptSummary {
    /// Scores before the adapter's first step. A new head is trained already.
    pub before: HeldOutScores,
    /// Scores with the trained adapter.
    pub after: HeldOutScores,
    /// Optimiser steps of the adapter.
    pub steps: usize,
    /// Optimiser steps that trained a new head first; 0 where the backbone has a head.
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
