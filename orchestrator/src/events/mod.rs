//! Changes: the database notifies, one listener hears, browsers and waiting requests are woken.
//!
//! Everything here is a hint. Whoever misses one learns the same by reading again.

pub(crate) mod http;
pub(crate) mod listener;
pub(crate) mod sse;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;

use pedigree_protocol::event::Change;
use tokio::sync::{Notify, broadcast};

/// What the listener tells.
#[derive(Debug, Clone)]
pub(crate) enum Signal {
    /// Something changed.
    Change(Change),
    /// Changes may have been missed.
    Resync,
}

/// Changes and wake-ups for everybody in this process.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    changes: broadcast::Sender<Signal>,
    work: Arc<Notify>,
    upkeep: Arc<Notify>,
}

/// How many changes a slow browser may lag behind before it has to read again.
const BACKLOG: usize = 1024;

/// Revisions are given before their transactions commit, so that one can become visible after a later one. Whoever asks
/// for what changed after a revision begins this far before it; a change told twice is harmless.
pub(crate) const OVERLAP: i64 = 200;

impl Feed {
    pub(crate) fn new() -> Self {
        let (changes, _) = broadcast::channel(BACKLOG);
        Self { changes, work: Arc::default(), upkeep: Arc::default() }
    }

    /// All signals from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Signal> {
        self.changes.subscribe()
    }

    /// Resolves when there may be work. Counts from the call, not from the first poll.
    pub(crate) fn work(&self) -> impl Future<Output = ()> + use<> {
        let mut woken = Box::pin(self.work.clone().notified_owned());
        woken.as_mut().enable();
        woken
    }

    /// Resolves when upkeep may have something to do.
    pub(crate) fn upkeep(&self) -> impl Future<Output = ()> + use<> {
        self.upkeep.clone().notified_owned()
    }

    fn tell(&self, signal: Signal) {
        self.upkeep.notify_one();
        // Nobody subscribes while no browser looks.
        let _ = self.changes.send(signal);
    }

    /// Wakes one request that waits for work, so that one run does not wake a whole idle fleet.
    pub(crate) fn wake_claim(&self) {
        self.work.notify_one();
    }

    fn wake_claims(&self) {
        self.work.notify_waiters();
    }
}
