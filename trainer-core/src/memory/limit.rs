//! How much memory this process may use, as far as the system tells.

use std::fmt;
use std::path::Path;

use super::usage::device_memory;

/// A bound on memory and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) bytes: u64,
    from: &'static str,
}

impl Limit {
    /// The bound of a training on `device`. On a GPU it is the smaller of what the job allows and what is free there; else
    /// see [`Self::now`].
    pub(crate) fn on(device: &candle_core::Device, allowed: Option<u64>) -> Self {
        let Some(memory) = device_memory(device) else { return Self::now(allowed) };
        let free = memory.total - memory.used;
        let bounds = [(allowed, "the job's memory_limit"), (Some(free), "what is free on the GPU")];
        let known = bounds.into_iter().filter_map(|(bytes, from)| Some(Self { bytes: bytes?, from }));
        known.min_by_key(|limit| limit.bytes).unwrap_or(Self { bytes: u64::MAX, from: "no limit" })
    }

    /// The tightest of: what the job allows, the process's limits, its control group's, and what the machine has left.
    pub(crate) fn now(allowed: Option<u64>) -> Self {
        let limits = read("/proc/self/limits");
        let row = |name: &str| limits.lines().find_map(|line| line.strip_prefix(name)).and_then(first_number);
        let own = field(&read("/proc/self/status"), "VmRSS:").unwrap_or(0) << 10;
        let available = field(&read("/proc/meminfo"), "MemAvailable:").map(|kib| (kib << 10) + own);
        let bounds = [
            (allowed, "the job's memory_limit"),
            (row("Max address space"), "this process's limit of address space"),
            (row("Max data size"), "this process's limit of data"),
            (group_limit(), "the limit of this process's control group"),
            (available, "what this machine has left"),
        ];
        let known = bounds.into_iter().filter_map(|(bytes, from)| Some(Self { bytes: bytes?, from }));
        known.min_by_key(|limit| limit.bytes).unwrap_or(Self { bytes: u64::MAX, from: "no limit" })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MB ({})", self.bytes >> 20, self.from)
    }
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The number of a line `name value …`.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)).and_then(first_number)
}

/// `unlimited` is no number.
fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

/// `memory.max` of the control group (version 2).
fn group_limit() -> Option<u64> {
    let groups = read("/proc/self/cgroup");
    let path = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    first_number(&read(Path::new("/sys/fs/cgroup").join(path).join("memory.max")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_bound_counts_and_says_where_it_comes_from() {
        let tight = Limit::now(Some(5 << 20));
        assert_eq!(tight.to_string(), "5 MB (the job's memory_limit)");
        let machine = Limit::now(None);
        assert!(machine.bytes > 1 << 26, "{machine}");
        assert_eq!(first_number("unlimited  unlimited bytes"), None);
        assert_eq!(first_number("   4096 8192 bytes"), Some(4096));
    }
}
