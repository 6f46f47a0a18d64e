//! Whether the kernel's out-of-memory killer was at work: its counters before and after tell, as far as can be known.

use std::fs;
use std::path::PathBuf;

/// Kills counted so far, in this process's own control group where it has one, else on the whole host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OomKills {
    source: PathBuf,
    count: Option<u64>,
}

impl OomKills {
    /// The counter as it stands.
    pub(crate) fn now() -> Self {
        let host = || PathBuf::from("/proc/vmstat");
        let source = own_group().filter(|events| read(events).is_some()).unwrap_or_else(host);
        let count = read(&source);
        Self { source, count }
    }

    /// Whether there were kills since.
    pub(crate) fn have_risen(&self) -> bool {
        read(&self.source).zip(self.count).is_some_and(|(now, before)| now > before)
    }
}

/// `memory.events` of the control group (version 2) of this process; its trainers live in the same.
fn own_group() -> Option<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    Some(PathBuf::from("/sys/fs/cgroup").join(path).join("memory.events"))
}

/// The line `oom_kill N`, which both kinds of file have.
fn read(file: &PathBuf) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_risen_counter_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("memory.events");
        fs::write(&source, "low 0\noom 1\noom_kill 1\noom_group_kill 0\n").unwrap();
        let before = OomKills { count: read(&source), source: source.clone() };
        assert_eq!(before.count, Some(1));
        assert!(!before.have_risen());
        fs::write(&source, "low 0\noom 2\noom_kill 2\n").unwrap();
        assert!(before.have_risen());
        assert!(!OomKills { source: "/nowhere".into(), count: None }.have_risen());
    }
}
