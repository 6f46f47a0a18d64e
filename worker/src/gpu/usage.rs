//! What sits on a GPU, and whether that leaves it free. Pure.

use std::fmt;

const MIB: u64 = 1 << 20;
/// Memory that an idle GPU may show as used: the driver's own, and a desktop's. A process that NVML does not show
/// (containers hide theirs) soon exceeds it.
const IDLE_BYTES: u64 = 1024 * MIB;
/// Memory that may remain after a trainer has gone, beyond what was in use before it came.
const SLACK_BYTES: u64 = 64 * MIB;

/// What sits on a GPU.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) processes: Vec<Occupant>,
    /// Memory in use by anybody.
    pub(crate) used_bytes: u64,
    /// Memory that a desktop's processes say they use.
    pub(crate) desktop_bytes: u64,
}

/// A compute process on a GPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Occupant {
    pub(crate) pid: u32,
    pub(crate) name: Option<String>,
    pub(crate) bytes: Option<u64>,
}

impl Usage {
    /// Why a GPU that this worker does not use must not be used, as a sentence.
    pub(crate) fn foreign(&self) -> Option<String> {
        if let Some(occupant) = self.processes.first() {
            return Some(match self.processes.len() - 1 {
                0 => format!("{occupant} uses the GPU; it is offered again once that has ended"),
                more => format!(
                    "{occupant} and {more} more use the GPU; it is offered again once they have ended"
                ),
            });
        }
        (self.used_bytes > IDLE_BYTES).then(|| {
            let mib = self.used_bytes / MIB;
            format!("{mib} MiB of the GPU are in use by a process that NVML does not show; it is offered again once they are free")
        })
    }

    /// Whether a trainer that found the GPU in the state `before` has left it.
    pub(crate) fn is_back_to(&self, before: &Self) -> bool {
        self.processes.is_empty() && self.left_behind(before).is_none()
    }

    /// Why a GPU must not be used yet after the end of a trainer that found it in the state `before`, as a sentence.
    pub(crate) fn left_behind(&self, before: &Self) -> Option<String> {
        let left = self.not_desktop().saturating_sub(before.not_desktop());
        (left > SLACK_BYTES).then(|| {
            format!(
                "{} MiB of the GPU are still in use although its trainer has ended; it is offered again once they are free",
                left / MIB
            )
        })
    }

    /// A desktop may take and give memory meanwhile.
    fn not_desktop(&self) -> u64 {
        self.used_bytes.saturating_sub(self.desktop_bytes)
    }
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        if let Some(name) = &self.name {
            write!(f, " ({name})")?;
        }
        match self.bytes {
            Some(bytes) => write!(f, " with {} MiB", bytes / MIB),
            None => Ok(()),
        }
    }
}
