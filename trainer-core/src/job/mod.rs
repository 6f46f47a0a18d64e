//! Job files: everything that one training or pretraining needs, valid once checked.
//!
//! Owns their keys, defaults and bounds. Must not know where a job comes from, or how it is done.

mod bounds;
mod dapt;
mod dapt_parameters;
mod file;
mod hyperparameters;
mod invalid;
mod lora;
mod setup;
mod test;
mod train;

pub use dapt::DaptJob;
pub use dapt_parameters::DaptParameters;
pub use hyperparameters::Hyperparameters;
pub use invalid::InvalidJob;
pub use lora::{LoraScaling, LoraTargets};
pub use setup::{CheckpointPlan, DeviceChoice, Precision, Setup};
pub use test::{TestJob, TrainedAdapter};
pub use train::{MicroBatch, ScoringProtocol, TestAccess, TrainJob};
