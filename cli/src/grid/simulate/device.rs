//! A simulated device: what it does, and how its virtual time is spent.

use std::time::Instant;

use anyhow::bail;
use pedigree_protocol::lease::{AttemptWrite, LeaseGrant, Work, WriteReply};

use super::script::{Fate, Play};
use crate::simulated::SimulatedWorker;
use crate::simulated::results::{Trained, ended, report, tested, together, trained};

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

impl Device {
    /// Sends what ends the current step of its run.
    pub(super) async fn report(&self) -> anyhow::Result<WriteReply> {
        let State::Busy(busy) = &self.state else { bail!("a report without a run") };
        self.worker.tell(&busy.grant, &step_write(busy)?).await
    }
}

impl Busy {
    /// Whether the attempt is dead by this virtual time.
    pub(super) fn dies_by(&self, time: u64) -> bool {
        self.death.is_some_and(|(_, at)| at <= time)
    }

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

/// What the worker sends at the end of a step.
fn step_write(busy: &Busy) -> anyhow::Result<AttemptWrite> {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds far below 2^53")]
    let seconds = |ms: u64| ms as f64 / 1000.0;
    let Some(curve) = &busy.play.curve else {
        let Work::Test { models, .. } = &busy.grant.work else {
            bail!("a run without a curve that is no test run")
        };
        return Ok(ended(tested(models, busy.play.test, seconds(busy.play.step))));
    };
    let epoch = usize::try_from(busy.steps + 1)?;
    let metrics = Box::new(report(i32::try_from(epoch)?, curve.scores[epoch - 1], seconds(busy.play.step)));
    let mut writes = vec![AttemptWrite::Report { metrics }];
    if epoch == curve.scores.len() {
        writes.push(ended(trained(Trained {
            epochs: i32::try_from(epoch)?,
            best_epoch: curve.best_epoch,
            stopped_early: curve.stopped_early,
            objective: curve.best(),
            seconds: seconds(busy.play.length()),
        })));
    }
    Ok(together(writes))
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
