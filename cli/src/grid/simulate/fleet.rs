//! The simulated fleet: events in virtual time, each of which is a request to the coordinator.
//!
//! Owns the order of events: one after the other, by virtual time, so that a schedule does not depend on the speed of this
//! machine. Leases run in real time, and are renewed as a worker renews them. Must not know what is checked or printed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use futures::future::try_join_all;
use pedigree_protocol::client::Client;
use pedigree_protocol::grid::GridSpec;
use pedigree_protocol::lease::{
    AttemptEnd, AttemptWrite, Directive, LeaseGrant, Work, WriteOutcome, WriteReply,
};
use pedigree_protocol::pruner::Pruner;
use pedigree_protocol::run::{Failure, FailureCause};

use super::device::{Busy, Device, Spent, State};
use super::restart::Restart;
use super::script::{Fate, Script};
use crate::simulated::SimulatedWorker;
use crate::simulated::results::ended;
use crate::simulated::tally::Tally;

/// Virtual time after which a vanished worker's lease has run out: the default of `pedigree serve`.
const VIRTUAL_LEASE: u64 = 30_000;
/// Virtual time until another worker comes up on a device whose worker has vanished.
const ABSENCE: u64 = 300_000;
/// How long a claim may wait for work, real milliseconds.
const CLAIM: u32 = 50;
/// Real time without any event after which the simulation gives up.
const STUCK: Duration = Duration::from_secs(90);

/// What happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Happened {
    pub(super) crashes: u64,
    pub(super) vanished: u64,
    /// Devices that were lost for good.
    pub(super) lost_devices: u64,
    /// Attempts whose lease was lost though their worker was there.
    pub(super) leases_lost: u64,
    /// Virtual time of the last end of a run.
    pub(super) makespan: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A step of the device's run ends, or the run dies.
    Step,
    /// The lease of the worker that has vanished runs out.
    Expiry(bool),
    /// Another worker comes up.
    Return,
}

/// What a fleet is made of.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) gpus: u32,
    /// How long a lease lasts, in real time.
    pub(super) lease: Duration,
    pub(super) restart: Restart,
}

/// All devices, and the clock.
pub(super) struct Fleet<'a> {
    client: Client,
    grid: &'a str,
    script: &'a Script,
    restart: Restart,
    tally: Arc<Tally>,
    lease: Duration,
    /// A pruner compares trials: reports come one by one.
    prunes: bool,
    devices: Vec<Device>,
    events: BinaryHeap<Reverse<(u64, u64, usize, Event)>>,
    /// The grants of workers that have vanished, by device.
    abandoned: Vec<Option<LeaseGrant>>,
    number: u64,
    first_attempts: u64,
    now: u64,
    happened: Happened,
}

impl<'a> Fleet<'a> {
    pub(super) fn new(client: Client, spec: &'a GridSpec, script: &'a Script, plan: Plan) -> Self {
        let Plan { gpus, lease, restart } = plan;
        let tally = Arc::new(Tally::default());
        let device = |_| Device {
            worker: SimulatedWorker::new(client.clone(), tally.clone()),
            state: State::Idle,
            spent: Spent::default(),
        };
        let devices: Vec<Device> = (0..gpus).map(device).collect();
        let abandoned = devices.iter().map(|_| None).collect();
        Self {
            client,
            grid: &spec.name,
            script,
            prunes: spec.study.pruner != Pruner::None,
            restart,
            tally,
            lease,
            devices,
            events: BinaryHeap::new(),
            abandoned,
            number: 0,
            first_attempts: 0,
            now: 0,
            happened: Happened::default(),
        }
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) fn spent(&self) -> impl Iterator<Item = Spent> {
        self.devices.iter().map(|device| device.spent)
    }

    /// Works until the grid has ended.
    pub(super) async fn work(&mut self) -> anyhow::Result<Happened> {
        try_join_all(self.devices.iter().map(|device| device.worker.hello())).await?;
        let mut last_event = Instant::now();
        loop {
            self.give_out().await?;
            while !self.events.is_empty() {
                last_event = Instant::now();
                self.renew().await?;
                if self.report_together().await? || self.happen().await? {
                    self.give_out().await?;
                }
            }
            if self.client.grid(self.grid).await?.summary.state.is_final() {
                return Ok(self.happened);
            }
            if last_event.elapsed() > STUCK {
                bail!("nothing has happened for {} s, and the grid has not ended", STUCK.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Lets idle devices ask for work, until one gets none.
    async fn give_out(&mut self) -> anyhow::Result<()> {
        for index in 0..self.devices.len() {
            if !matches!(self.devices[index].state, State::Idle) {
                continue;
            }
            let Some(grant) = self.devices[index].worker.try_claim(CLAIM).await? else { return Ok(()) };
            self.begin(index, grant).await?;
            self.renew().await?;
        }
        Ok(())
    }

    async fn begin(&mut self, index: usize, grant: LeaseGrant) -> anyhow::Result<()> {
        let play = self.script.play(&grant);
        let death = self.death(&grant, play.length());
        let device = &mut self.devices[index];
        device.worker.write(&grant, &AttemptWrite::Start).await?;
        if matches!(grant.work, Work::Test { .. }) {
            device.worker.open_test(&grant).await?;
        }
        let busy = Busy { grant, play, began: self.now, steps: 0, death, renewed: Instant::now() };
        let next = busy.next();
        device.state = State::Busy(Box::new(busy));
        self.plan(next, index, Event::Step);
        self.restart.after(self.first_attempts).await;
        Ok(())
    }

    /// How and when an attempt dies. Only first attempts do, so that every run comes to its end.
    fn death(&mut self, grant: &LeaseGrant, length: u64) -> Option<(Fate, u64)> {
        if grant.attempt.0 > 1 {
            return None;
        }
        let fate = self.script.fate(self.first_attempts);
        self.first_attempts += 1;
        let within =
            length / 10 + self.script.below(length * 8 / 10, &["death", &self.first_attempts.to_string()]);
        // A quarter of the devices may be lost at most.
        let few = (self.happened.lost_devices + 1) * 4 > self.devices.len() as u64;
        let fate = if fate == Some(Fate::Lost) && few { Some(Fate::Vanish) } else { fate };
        self.happened.lost_devices += u64::from(fate == Some(Fate::Lost));
        fate.map(|fate| (fate, self.now + within))
    }

    fn plan(&mut self, at: u64, device: usize, event: Event) {
        self.number += 1;
        self.events.push(Reverse((at, self.number, device, event)));
    }

    /// Sends the reports that come before any other event, at the same time: no report decides who gets which run, except
    /// by a pruner. Returns whether there may be work for an idle device now.
    async fn report_together(&mut self) -> anyhow::Result<bool> {
        let mut due = Vec::new();
        while let Some(&Reverse((at, _, index, event))) = self.events.peek()
            && event == Event::Step
            && self.goes_on(index, at)
            && (due.is_empty() || !self.prunes)
        {
            self.events.pop();
            due.push((index, at));
        }
        let sent = due.iter().map(|&(index, _)| self.devices[index].report());
        let replies = try_join_all(sent).await?;
        let mut freed = false;
        for ((index, at), reply) in due.into_iter().zip(replies) {
            self.now = at;
            freed |= self.reported(index, reply).await?;
        }
        Ok(freed)
    }

    /// Whether the step at this time is neither the last one nor the attempt's death.
    fn goes_on(&self, index: usize, at: u64) -> bool {
        match &self.devices[index].state {
            State::Busy(busy) => !busy.dies_by(at) && busy.steps + 1 < busy.play.steps(),
            State::Idle | State::Away(_) | State::Gone => false,
        }
    }

    /// The next event. Returns whether there may be work for an idle device now.
    async fn happen(&mut self) -> anyhow::Result<bool> {
        let Some(Reverse((at, _, index, event))) = self.events.pop() else { return Ok(false) };
        self.now = at;
        match event {
            Event::Step => self.step(index).await,
            Event::Expiry(returns) => {
                self.lease_runs_out(index).await?;
                if returns {
                    self.plan(self.now + ABSENCE, index, Event::Return);
                }
                Ok(true)
            }
            Event::Return => {
                let device = &mut self.devices[index];
                device.worker = SimulatedWorker::new(self.client.clone(), self.tally.clone());
                device.worker.hello().await?;
                if let State::Away(since) = device.state {
                    device.spent.away += self.now - since;
                }
                device.state = State::Idle;
                Ok(true)
            }
        }
    }

    async fn step(&mut self, index: usize) -> anyhow::Result<bool> {
        let State::Busy(busy) = &self.devices[index].state else { bail!("a step without a run") };
        if let Some((fate, _)) = busy.death.filter(|_| busy.dies_by(self.now)) {
            return self.die(index, fate).await;
        }
        let reply = self.devices[index].report().await?;
        self.reported(index, reply).await
    }

    /// Goes by the answer to a report.
    async fn reported(&mut self, index: usize, reply: WriteReply) -> anyhow::Result<bool> {
        let device = &mut self.devices[index];
        let State::Busy(busy) = &mut device.state else { bail!("a report without a run") };
        busy.steps += 1;
        busy.renewed = Instant::now();
        let is_last = busy.steps == busy.play.steps();
        if reply.outcome != WriteOutcome::Won {
            self.happened.leases_lost += 1;
            self.free(index, true);
            return Ok(true);
        }
        let told = told_to_end(reply).filter(|_| !is_last);
        let ends = is_last || told.is_some();
        if let Some(end) = told {
            device.worker.write(&busy.grant, &ended(end)).await?;
        }
        if ends {
            self.free(index, false);
            return Ok(true);
        }
        let next = busy.next();
        self.plan(next, index, Event::Step);
        Ok(false)
    }

    /// The device is idle again.
    fn free(&mut self, index: usize, in_vain: bool) {
        let device = &mut self.devices[index];
        if let State::Busy(busy) = std::mem::replace(&mut device.state, State::Idle) {
            let took = self.now - busy.began;
            *(if in_vain { &mut device.spent.lost } else { &mut device.spent.busy }) += took;
        }
        self.happened.makespan = self.now;
    }

    async fn die(&mut self, index: usize, fate: Fate) -> anyhow::Result<bool> {
        if fate == Fate::Crash {
            self.happened.crashes += 1;
            if let State::Busy(busy) = &self.devices[index].state {
                let failure = Failure::new(FailureCause::Crashed, "the simulated trainer crashed");
                self.devices[index].worker.write(&busy.grant, &ended(AttemptEnd::Failed { failure })).await?;
            }
            self.free(index, true);
            return Ok(true);
        }
        self.happened.vanished += 1;
        let returns = fate == Fate::Vanish;
        let device = &mut self.devices[index];
        let state = if returns { State::Away(self.now) } else { State::Gone };
        if let State::Busy(busy) = std::mem::replace(&mut device.state, state) {
            device.spent.lost += self.now - busy.began;
            device.spent.gone = (!returns).then_some(self.now);
            self.abandoned[index] = Some(busy.grant);
        }
        self.plan(self.now + VIRTUAL_LEASE, index, Event::Expiry(returns));
        Ok(false)
    }

    /// Waits until the coordinator has noticed that a worker is gone.
    async fn lease_runs_out(&mut self, index: usize) -> anyhow::Result<()> {
        let Some(grant) = self.abandoned[index].take() else { return Ok(()) };
        let deadline = Instant::now() + STUCK;
        loop {
            let run = self.client.run(grant.run_id).await?.run;
            if !run.state.is_live() || run.attempt != grant.attempt {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("the lease of a worker that has vanished does not run out");
            }
            self.renew().await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Renews the leases that are due, as real workers do.
    async fn renew(&mut self) -> anyhow::Result<()> {
        let due = self.lease / 4;
        let old = self.devices.iter_mut().filter_map(|device| match &mut device.state {
            State::Busy(busy) if busy.renewed.elapsed() > due => Some((&device.worker, busy)),
            State::Busy(_) | State::Idle | State::Away(_) | State::Gone => None,
        });
        // What a renewal answers, the next report answers too.
        let renew = |(worker, busy): (&'_ SimulatedWorker, &'_ mut Box<Busy>)| {
            busy.renewed = Instant::now();
            let (worker, grant) = (worker.clone(), busy.grant.clone());
            async move { worker.write(&grant, &AttemptWrite::Renew).await }
        };
        try_join_all(old.map(renew)).await?;
        Ok(())
    }
}

/// How the attempt ends, where the coordinator says that it shall.
fn told_to_end(reply: WriteReply) -> Option<AttemptEnd> {
    match reply.directive {
        Directive::Continue => None,
        Directive::Stop => Some(AttemptEnd::Cancelled),
        Directive::Prune => Some(AttemptEnd::Pruned),
        Directive::Release => Some(AttemptEnd::Released),
    }
}
