//! The worker: offers this host's devices to a coordinator and runs leased work on them.
//!
//! [`run`] → `fleet_member` (says hello, owns drain) → `slot` (one device: check, claim) → `attempt` (one try at a run)
//! → `artifacts` (splits and backbone by hash) → `job` (the trainer's job file) → `trainer_process` (a child in its own
//! group) → `outbox`, `log_forwarder` and `checkpoints` (what goes back while it runs) → `handover` and `upload` (its end,
//! and what it leaves). Beside them `readings` tells what the GPUs show. Every write goes through `lease_keeper`, which alone knows whether the attempt still holds its
//! lease. What a killed worker had not told is told by its successor (`left_over`).
//!
//! Owns GPUs, leases as seen from their holder, and trainer processes. Must not know the database, the sampler, or how
//! a training computes.

mod artifacts;
mod attempt;
mod attempt_folder;
mod backoff;
mod checkpoints;
mod claim;
mod config;
mod drain;
mod energy;
mod error;
mod exit;
mod fleet_member;
mod gpu;
mod handover;
mod host;
mod job;
mod lease_keeper;
mod left_over;
mod log_forwarder;
mod metrics;
mod oom;
mod outbox;
mod preparation;
mod readings;
mod roster;
#[cfg(test)]
mod scripted_coordinator;
mod serve;
mod sign;
mod slot;
mod trainer_process;
mod trust_window;
mod upload;

pub use config::Config;
pub use error::WorkerError;
pub use fleet_member::run;
pub use gpu::{GpuFault, SeenGpu, gpu_present, look_at_gpus};
