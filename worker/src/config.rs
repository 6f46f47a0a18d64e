//! A worker's settings.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use pedigree_protocol::access::Secret;

use crate::gpu::Allotment;

/// A worker's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// The coordinator's address, such as `http://127.0.0.1:8765`.
    pub server: String,
    /// The coordinator's token.
    pub token: Option<Secret>,
    /// Name for people; the host's name when absent.
    pub name: Option<String>,
    /// CPU slots to offer beside the GPUs; 0 offers only GPUs that NVML finds.
    pub cpu_slots: usize,
    /// Whether the trainer can compute on GPUs. If not, the GPUs that NVML finds are listed with the reason, and not used.
    pub trains_on_gpus: bool,
    /// Which of the host's GPUs it may offer.
    pub allotment: Allotment,
    /// File of NVML's library, where it is not the system's.
    pub nvml_library: Option<PathBuf>,
    /// The worker's own folder, for `cache/`, `attempts/` and what the next worker must know. One worker at a time may use it.
    pub folder: PathBuf,
    /// The trainer's command, such as `["/usr/bin/pedigree"]`; `train --supervised JOB.json` is appended, or `dapt` in
    /// place of `train`.
    pub trainer: Vec<OsString>,
    /// How long this worker may live, such as its batch job's walltime: it tells the coordinator, and hands back what
    /// runs in time.
    pub walltime: Option<Duration>,
    /// Threads of each trainer; absent: the cores shared by the slots, at least 1.
    pub threads: Option<usize>,
}

impl Config {
    /// Threads of each trainer when `slots` of them share the host.
    pub(crate) fn threads_for(&self, slots: usize) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or_else(|| cores() / slots.max(1)).max(1)
    }
}
