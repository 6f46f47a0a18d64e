//! The faults of this host's GPUs since the worker began.

use std::collections::{HashMap, VecDeque};

use tokio::sync::watch;
use tokio::time::Instant;

use super::fault::{Fault, Severity};

/// Incidents that are remembered of each GPU.
const REMEMBERED: usize = 16;

/// A fault and when it was told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Incident {
    pub(crate) fault: Fault,
    pub(crate) at: Instant,
}

#[derive(Debug, Default)]
struct History {
    /// The first fault after which nothing can be computed on it.
    unfit: Option<Fault>,
    /// The newest incidents, oldest first.
    recent: VecDeque<Incident>,
}

/// The faults of GPUs and MIG instances, by UUID.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    histories: watch::Sender<HashMap<String, History>>,
}

impl Journal {
    /// Adds a fault that was told just now.
    pub(crate) fn note(&self, uuid: &str, fault: Fault) {
        tracing::warn!(gpu.uuid = uuid, %fault, "NVML tells a fault");
        self.histories.send_modify(|histories| {
            let history = histories.entry(uuid.to_owned()).or_default();
            if fault.severity() == Severity::Unfit {
                history.unfit.get_or_insert(fault);
            }
            if history.recent.len() == REMEMBERED {
                history.recent.pop_front();
            }
            history.recent.push_back(Incident { fault, at: Instant::now() });
        });
    }

    /// A GPU's newest fault.
    pub(crate) fn last(&self, uuid: &str) -> Option<Incident> {
        self.histories.borrow().get(uuid)?.recent.back().copied()
    }

    /// The gravest device fault since a moment, programs' errors left out; the first of equals.
    pub(crate) fn worst_since(&self, uuid: &str, since: Instant) -> Option<Fault> {
        let histories = self.histories.borrow();
        let recent = histories.get(uuid)?.recent.iter().filter(|incident| incident.at >= since);
        let faults =
            recent.map(|incident| incident.fault).filter(|fault| fault.severity() > Severity::Program);
        // `max_by_key` would give the last of equals.
        faults.rev().max_by_key(|fault| fault.severity())
    }

    /// The fault after which nothing can be computed on a GPU.
    pub(crate) fn unfit(&self, uuid: &str) -> Option<Fault> {
        self.histories.borrow().get(uuid)?.unfit
    }

    /// Ends when nothing can be computed on a GPU any more; says why.
    pub(crate) async fn until_unfit(&self, uuid: &str) -> Fault {
        let mut changes = self.histories.subscribe();
        loop {
            if let Some(fault) = self.unfit(uuid) {
                return fault;
            }
            // Fails only when the sender is gone, which is borrowed here.
            let _changed = changes.changed().await;
        }
    }

    /// Hears of every incident from now on.
    pub(crate) fn listen(&self) -> Listener {
        Listener { changes: self.histories.subscribe() }
    }
}

/// Hears when a GPU has a fault.
#[derive(Debug)]
pub(crate) struct Listener {
    changes: watch::Receiver<HashMap<String, History>>,
}

impl Listener {
    /// Ends when a GPU has had a fault since the last call.
    pub(crate) async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_fault_since_a_moment_counts_and_a_programs_does_not() {
        let journal = Journal::default();
        let begun = Instant::now();
        assert_eq!(journal.worst_since("GPU-1", begun), None);
        journal.note("GPU-1", Fault::Xid(13));
        assert_eq!(journal.worst_since("GPU-1", begun), None);
        assert_eq!(journal.last("GPU-1").unwrap().fault, Fault::Xid(13));
        for fault in [Fault::Uncorrected(1), Fault::Xid(48), Fault::Xid(79), Fault::Xid(94)] {
            journal.note("GPU-1", fault);
        }
        assert_eq!(journal.worst_since("GPU-1", begun), Some(Fault::Xid(48)));
        assert_eq!(journal.worst_since("GPU-2", begun), None, "the other GPU is not concerned");
        let later = journal.last("GPU-1").unwrap().at;
        assert_eq!(journal.worst_since("GPU-1", later), Some(Fault::Xid(94)));
    }

    #[tokio::test]
    async fn a_gpu_that_is_unfit_stays_so() {
        let journal = Journal::default();
        journal.note("GPU-1", Fault::Xid(95));
        for _ in 0..2 * REMEMBERED {
            journal.note("GPU-1", Fault::Xid(43));
        }
        assert_eq!(journal.until_unfit("GPU-1").await, Fault::Xid(95));
        assert_eq!(journal.unfit("GPU-2"), None);
    }
}
