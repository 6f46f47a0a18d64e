//! The trainer: one LoRA fine-tune of a pretrained encoder for named-entity recognition, and its evaluation.
//!
//! A [`TrainJob`] goes in, [`TrainerEvent`]s come out while it runs, a [`TrainSummary`] and a folder of artifacts at
//! the end. The crate knows no study, trial, lease, HTTP or SQL. Its job types compile without the engine (feature
//! `engine`), so that whoever supervises a trainer process need not build candle.

#![warn(missing_docs)]

mod event;
mod job;

pub use event::{
    EntityScore, EpochMetrics, ExitReason, ProtocolScores, StdinMessage, TestScores, TrainSummary, TrainerEvent,
};
pub use job::{DeviceChoice, Hyperparameters, InvalidJob, LoraTargets, ScoringProtocol, TestAccess, TrainJob};
