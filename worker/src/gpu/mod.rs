//! The GPUs of this host: which there are, whether anything sits on one, and their faults.
//!
//! [`allotment`] says which GPUs are this worker's, [`probe`] says what is asked of them, `open` finds NVML, `nvml` asks it, `chips` lists GPUs and MIG instances,
//! [`usage`] says whether a GPU is free, `watcher` listens to NVML's events, [`fault`] says what an XID means,
//! [`journal`] remembers each GPU's faults, `asker` keeps a hanging driver from holding up the worker.
//!
//! Must not know leases or trainers: a GPU that this worker believes idle is idle only if NVML shows no process on it
//! and next to no memory in use.

mod allotment;
mod asker;
mod chips;
#[cfg(test)]
pub(crate) mod fake;
pub(crate) mod fault;
pub(crate) mod journal;
mod nvml;
mod open;
pub(crate) mod probe;
#[cfg(test)]
mod tests;
pub(crate) mod usage;
mod watcher;

pub(crate) use allotment::Allotted;
pub use allotment::{Allotment, WrongGpus};
pub(crate) use asker::Asker;
pub(crate) use journal::Journal;
pub(crate) use open::open;
pub use open::{SeenGpu, SeenGpus, look_at_gpus};
pub use probe::GpuFault;
pub(crate) use probe::{Gpu, GpuProbe, Reading};
pub(crate) use usage::Usage;
