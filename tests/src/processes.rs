//! Processes as the kernel sees them.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Direct children of a process whose command line contains `word`.
pub fn children_of(parent: u32, word: &str) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| parent_of(*pid) == Some(parent) && command_line(*pid).contains(word))
        .collect()
}

/// SIGKILL to one process.
///
/// # Panics
/// When there is no such process.
pub fn kill_nine(pid: u32) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a process id fits"));
    kill(pid, Signal::SIGKILL).unwrap_or_else(|error| panic!("cannot kill {pid}: {error}"));
}

/// SIGTERM to one process, if it is still there.
pub fn terminate(pid: u32) {
    signal(pid, Signal::SIGTERM);
}

/// A signal to one process, if it is still there.
pub(crate) fn signal(pid: u32, what: Signal) {
    let _ = kill(Pid::from_raw(i32::try_from(pid).expect("a process id fits")), what);
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name stands in parentheses and may hold anything; the parent is the second field behind it.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn command_line(pid: u32) -> String {
    std::fs::read(format!("/proc/{pid}/cmdline"))
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .unwrap_or_default()
}
