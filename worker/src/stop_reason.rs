//! Why an attempt stops although its trainer has not ended by itself.

use pedigree_protocol::lease::{AttemptEnd, Directive};

/// Why an attempt stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// The lease is lost for good: somebody else may hold the run already.
    Lost,
    /// A user cancelled the run.
    Cancelled,
    /// The study's pruner ended the trial.
    Pruned,
    /// The run is handed back with its progress: a user paused it, the worker drains, or the device is not free.
    Released,
}

impl StopReason {
    /// What a directive asks for; `None` where the attempt goes on.
    pub(crate) const fn of(directive: Directive) -> Option<Self> {
        match directive {
            Directive::Continue => None,
            Directive::Stop => Some(Self::Cancelled),
            Directive::Prune => Some(Self::Pruned),
            Directive::Release => Some(Self::Released),
        }
    }

    /// The end that the coordinator is told; `None` where it would not count.
    pub(crate) const fn end(self) -> Option<AttemptEnd> {
        match self {
            Self::Lost => None,
            Self::Cancelled => Some(AttemptEnd::Cancelled),
            Self::Pruned => Some(AttemptEnd::Pruned),
            Self::Released => Some(AttemptEnd::Released),
        }
    }
}
