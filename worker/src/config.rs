//! What a worker is told at its start.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// What a worker is told at its start.
#[derive(Clone)]
pub struct Config {
    /// The coordinator's address, such as `http://127.0.0.1:8765`.
    pub server: String,
    /// The coordinator's token.
    pub token: Option<String>,
    /// Name for people; the host's name when absent.
    pub name: Option<String>,
    /// CPU slots to offer beside the GPUs; 0 offers only GPUs that NVML finds.
    pub cpu_slots: usize,
    /// The trainer can compute on GPUs. Otherwise those that NVML finds are shown, with the reason, and not used.
    pub trains_on_gpus: bool,
    /// NVML's library, where it is not the system's.
    pub nvml_library: Option<PathBuf>,
    /// The worker's own folder: `cache/` and `attempts/` live here. One worker at a time may use it.
    pub folder: PathBuf,
    /// The trainer's command, such as `["/usr/bin/pedigree", "train", "--supervised"]`; the job file's path is
    /// appended.
    pub trainer: Vec<OsString>,
    /// Threads of each trainer; absent: the cores shared by the slots, at least 1.
    pub threads: Option<usize>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("server", &self.server)
            .field("token", &self.token.as_ref().map(|_| "(hidden)"))
            .field("name", &self.name)
            .field("cpu_slots", &self.cpu_slots)
            .field("trains_on_gpus", &self.trains_on_gpus)
            .field("nvml_library", &self.nvml_library)
            .field("folder", &self.folder)
            .field("trainer", &self.trainer)
            .field("threads", &self.threads)
            .finish()
    }
}

impl Config {
    /// Threads of each trainer when `slots` of them share the host.
    pub(crate) fn threads_for(&self, slots: usize) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or_else(|| cores() / slots.max(1)).max(1)
    }
}
