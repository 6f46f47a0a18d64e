//! The trainer: one LoRA fine-tune of a pretrained encoder for named-entity recognition, and its evaluation.
//!
//! A [`TrainJob`] goes in, [`TrainerEvent`]s come out while it runs, a [`TrainSummary`] and a folder of artifacts at
//! the end. The crate knows no study, trial, lease, HTTP or SQL. Its job types compile without the engine (feature
//! `engine`), so that whoever supervises a trainer process need not build candle.
//!
//! The way through the engine: [`corpus`] reads splits and cuts them into windows, [`backbone`] reads pretrained
//! weights, `model` puts LoRA branches and a head on them, `fit` trains and evaluates, `score` counts entities,
//! `adapter` writes the result. [`train`] is the entry for a library, [`run_process`] for a child process.

#![warn(missing_docs)]

mod dapt_job;
mod event;
mod job;

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
pub use adapter::{check_start, export_merged};
#[cfg(feature = "engine")]
pub use checkpoint::CheckpointError;
#[cfg(feature = "engine")]
pub use dapt::dapt;
pub use dapt_job::{DaptEpoch, DaptJob, DaptParameters, DaptSummary, HeldOutScores};
#[cfg(feature = "engine")]
pub use error::{Interrupted, TrainError};
pub use event::{
    EntityScore, EpochMetrics, ExitReason, ProtocolScores, Resumed, StdinMessage, TestScores, TrainSummary,
    TrainerEvent,
};
#[cfg(feature = "engine")]
pub use fit::{BenchReport, BenchSpec, Supervisor, bench, train};
pub use job::{
    CheckpointPlan, DeviceChoice, Hyperparameters, InvalidJob, LoraScaling, LoraTargets, MicroBatch,
    Precision, ScoringProtocol, TestAccess, TrainJob,
};
#[cfg(feature = "engine")]
pub use process::{run_dapt_process, run_process, stop_on_signals};
