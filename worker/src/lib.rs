//! The worker: offers this host's devices to a coordinator and runs leased work on them.
//!
//! - The fleet: [`run`] is `fleet_member` (start, hello, end) with an `offer`, a `roster` (what the coordinator knows),
//!   a `drain` and the `host` that all slots share. `readings` tells what the GPUs show, `unfit` which have failed.
//! - One device: `serve` is its loop, `claim` waits until the `slot` is free and asks for work.
//! - One attempt: `carry_out` is the order of its steps; `preparation` fetches (`artifacts`) and writes the `job` file;
//!   `supervision` follows a `trainer_process`, while `outbox`, `log_forwarder` and `checkpoints` send back what it makes;
//!   `exit` says what its end means; `handover` and `upload` tell the end and store what is left.
//! - Its token: `token_watch` knows whether the coordinator takes it, `token_expiry` warns before it ends.
//! - Its lease: every write goes through `lease_keeper`, which says when to stop, and why (`stop_reason`).
//! - The next worker in the same folder tells what a killed one could not (`left_over`, `untold_faults`).
//!
//! Owns GPUs, leases as seen from their holder, and trainer processes. Must not know the database, the sampler, or how
//! a training computes.

mod artifacts;
mod aside;
mod attempt;
mod attempt_folder;
mod carry_out;
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
mod held_attempt;
mod host;
mod job;
mod kept_file;
mod lease_keeper;
mod left_over;
mod log_forwarder;
mod metrics;
mod offer;
mod oom;
mod outbox;
mod preparation;
mod readings;
mod renewal;
mod retry;
mod roster;
#[cfg(test)]
mod scripted_coordinator;
mod serve;
mod sign;
mod slot;
mod stop_reason;
mod supervision;
mod token_expiry;
mod token_watch;
mod trainer_process;
mod unfit;
mod untold_faults;
mod upload;

pub use config::Config;
pub use error::WorkerError;
pub use fleet_member::run;
pub use gpu::{Allotment, GpuFault, SeenGpu, SeenGpus, WrongGpus, look_at_gpus};
pub use metrics::dapt_summary;
pub use retry::RequestError;
