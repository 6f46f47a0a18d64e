//! A simulated device: what it does, and how its virtual time is spent.

use std::time::Instant;

use pedigree_protocol::lease::LeaseGrant;

use super::script::{Fate, Play};
use crate::simulated::SimulatedWorker;

/// A device with the worker that offers it.
pub(super) struct Device {
    pub(super) worker: SimulatedWorker,
    pub(super) state: State,
    pub(super) spent: Spent,
}

/// Virtual milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    /// In attempts that came to an end of their own.
    pub(super) busy: u64,
    /// In attempts that died.
    pub(super) lost: u64,
    /// Without a worker, until another one came up.
    pub(super) away: u64,
    /// When the device was lost for good.
    pub(super) gone: Option<u64>,
}

/// What a device does.
pub(super) enum State {
    Idle,
    Busy(Box<Busy>),
    /// Its worker has vanished at this virtual time.
    Away(u64),
    Gone,
}

/// A run on a device.
pub(super) struct Busy {
    pub(super) grant: LeaseGrant,
    pub(super) play: Play,
    /// Virtual time of the grant.
    pub(super) began: u64,
    /// Steps that have ended.
    pub(super) steps: u64,
    /// How and when the attempt dies, if it does.
    pub(super) death: Option<(Fate, u64)>,
    /// When its lease was renewed last.
    pub(super) renewed: Instant,
}

impl Busy {
    /// When the next thing happens to it.
    pub(super) fn next(&self) -> u64 {
        let step = self.began + (self.steps + 1) * self.play.step;
        self.death.map_or(step, |(_, at)| at.min(step))
    }
}

impl Spent {
    /// Idle time until the virtual time `end`.
    pub(super) fn idle(&self, end: u64) -> u64 {
        self.available(end).saturating_sub(self.busy + self.lost)
    }

    /// Time until `end` in which the device had a worker.
    pub(super) fn available(&self, end: u64) -> u64 {
        self.gone.unwrap_or(end).min(end).saturating_sub(self.away)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_work_nor_absence_is_idle() {
        let spent = Spent { busy: 50, lost: 5, away: 20, gone: None };
        assert_eq!((spent.available(100), spent.idle(100)), (80, 25));
        let spent = Spent { gone: Some(60), away: 0, ..spent };
        assert_eq!((spent.available(100), spent.idle(100)), (60, 5));
    }
}
