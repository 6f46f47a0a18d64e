//! The trainer: one LoRA fine-tune of a pretrained encoder for named-entity recognition, and its evaluation.
//!
//! A [`TrainJob`] goes in. While it runs, [`TrainerEvent`]s come out; at the end a [`TrainSummary`] and a folder of
//! artifacts. The crate knows no study, trial, lease, HTTP or SQL. Jobs, events and predictions compile without the engine
//! (feature `engine`), so that the supervisor of a trainer process need not build candle.
//!
//! The way through the engine: [`corpus`] reads splits and cuts them into windows, [`backbone`] reads pretrained
//! weights, `model` puts LoRA branches and a head on them, `step` takes optimiser steps, `fit` trains and evaluates,
//! `dapt` pretrains, `score` counts entities, `adapter` writes the result. [`train`] is the entry for a library,
//! [`run_process`] for a child process.

#![warn(missing_docs)]

mod event;
mod job;
mod metrics;
mod prediction;

#[cfg(feature = "engine")]
mod adapter;
#[cfg(feature = "engine")]
pub mod backbone;
#[cfg(feature = "engine")]
mod checkpoint;
#[cfg(feature = "engine")]
pub mod corpus;
#[cfg(feature = "engine")]
mod dapt;
#[cfg(feature = "engine")]
pub mod decode;
#[cfg(feature = "engine")]
mod device;
#[cfg(feature = "engine")]
mod error;
#[cfg(feature = "engine")]
mod fit;
#[cfg(feature = "engine")]
pub mod inference;
#[cfg(feature = "engine")]
mod json_file;
#[cfg(feature = "engine")]
mod loss;
#[cfg(feature = "engine")]
mod memory;
#[cfg(feature = "engine")]
mod model;
#[cfg(feature = "engine")]
mod optim;
#[cfg(all(test, feature = "engine"))]
mod parity;
#[cfg(feature = "engine")]
mod process;
#[cfg(feature = "engine")]
mod rng;
#[cfg(feature = "engine")]
pub mod score;
#[cfg(feature = "engine")]
mod step;
#[cfg(feature = "engine")]
mod supervisor;
#[cfg(feature = "engine")]
mod threads;
#[cfg(feature = "engine")]
mod values;

#[cfg(feature = "engine")]
pub use adapter::{check_start, export_merged};
#[cfg(feature = "engine")]
pub use checkpoint::CheckpointError;
#[cfg(feature = "engine")]
pub use dapt::dapt;
#[cfg(feature = "engine")]
pub use error::{Interrupted, TrainError};
pub use event::{ExitReason, Resumed, StdinMessage, TrainerEvent};
#[cfg(feature = "engine")]
pub use fit::{BenchReport, BenchSpec, bench, train};
pub use job::{
    CheckpointPlan, DaptJob, DaptParameters, DeviceChoice, Hyperparameters, InvalidJob, LoraScaling,
    LoraTargets, MicroBatch, Precision, ScoringProtocol, Setup, TestAccess, TestJob, TrainJob,
    TrainedAdapter,
};
pub use metrics::{
    DaptEpoch, DaptSummary, EntityScore, EpochMetrics, HeldOutScores, ModelScores, ProtocolScores,
    TestScores, TestSummary, TrainSummary,
};
pub use prediction::{Counts, SentencePrediction, write_predictions};
#[cfg(feature = "engine")]
pub use process::{run_dapt_process, run_process, run_test_process, stop_on_signals};
#[cfg(feature = "engine")]
pub use supervisor::Supervisor;
