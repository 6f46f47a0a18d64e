//! Environment variables that the allocator and the matrix kernels read when a process starts, for commands that
//! compute with a model.
//!
//! Owns these variables. Must not know what is trained. A process cannot safely change its own environment once
//! libraries have read it, so it starts itself again, under the same process id.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Freed memory stays with the process. Each step needs the same buffers again, and pages that were given back are
/// zeroed again, which takes a fifth of the processor time (docs/performance.md).
const KEEP_FREED_MEMORY: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "-1");

/// Without it candle counts the cores from `/proc/cpuinfo` before each matrix product.
const THREADS: &str = "RAYON_NUM_THREADS";

/// Returns when both variables are set; otherwise the process starts itself again with them. Without `threads`, all
/// cores.
///
/// # Errors
/// The program could not be started again.
pub(crate) fn settle(threads: Option<usize>) -> std::io::Result<()> {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let wanted = [
        (THREADS, threads.unwrap_or_else(cores).to_string()),
        (KEEP_FREED_MEMORY.0, KEEP_FREED_MEMORY.1.to_owned()),
    ];
    let missing: Vec<_> = wanted.into_iter().filter(|(name, _)| std::env::var_os(name).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut itself = Command::new(std::env::current_exe()?);
    Err(itself.args(std::env::args_os().skip(1)).envs(missing).exec())
}
