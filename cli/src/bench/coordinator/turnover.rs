//! The turnover: every worker runs one trial after the other, at a given number of ends per second.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use indicatif::ProgressBar;
use pedigree_protocol::lease::{AttemptWrite, LeaseGrant};
use pedigree_protocol::run::RunKind;
use serde::Serialize;

use super::args::CoordinatorArgs;
use super::content::EPOCHS;
use super::succession::{STUDIES, Succession};
use crate::output::Output;
use crate::progress;
use crate::simulated::SimulatedWorker;
use crate::simulated::results::{completed, reports, together};
use crate::simulated::tally::Latencies;
use crate::up::Stand;

/// A third of the lease's time, as real workers renew.
const RENEW: Duration = Duration::from_secs(10);

/// The figures of the turnover.
#[derive(Debug, Serialize)]
pub(super) struct Turnover {
    /// From the report of a trial's end to the device's next trial with its parameters.
    pub(super) ask_p99_ms: f64,
    pub(super) ask_median_ms: f64,
    /// The two parts of it.
    tell_p99_ms: f64,
    claim_p99_ms: f64,
    report_p99_ms: f64,
    heartbeat_p99_ms: f64,
    /// Trials that ended per second.
    pub(super) turnover_per_s: f64,
    /// Resident memory of the coordinator, MiB: at the beginning, at the end, and the largest in between.
    rss_first_mib: Option<f64>,
    rss_last_mib: Option<f64>,
    rss_peak_mib: Option<f64>,
    /// At each twelfth of the time.
    rss_mib: Vec<f64>,
    /// Number of studies that were opened.
    studies: u32,
}

impl Turnover {
    pub(super) fn memory(&self) -> String {
        match (self.rss_first_mib, self.rss_last_mib, self.rss_peak_mib) {
            (Some(first), Some(last), Some(peak)) => {
                format!("{first:.1} MiB at first, {last:.1} MiB at last, {peak:.1} MiB at most")
            }
            _ => "unknown".into(),
        }
    }
}

#[derive(Debug, Default)]
struct Seen {
    ask: Latencies,
    tell: Latencies,
    claim: Latencies,
    report: Latencies,
    heartbeat: Latencies,
}

/// When the measurement starts and ends.
#[derive(Debug, Clone, Copy)]
struct Plan {
    begins: Instant,
    settled: Instant,
    ends: Instant,
    /// How long a trial trains.
    training: Duration,
    batch: u32,
}

pub(super) async fn run(
    args: &CoordinatorArgs,
    stand: &Stand,
    fleet: &[SimulatedWorker],
    output: &Output,
) -> anyhow::Result<Turnover> {
    output.note(&format!("{STUDIES} studies with {} finished trials each", args.trials));
    let studies = Succession::new(args, stand);
    studies.begin().await?;
    let training = Duration::from_secs_f64(f64::from(args.workers) / f64::from(args.turnover));
    let begins = Instant::now();
    let settled = begins + training;
    let plan = Plan { begins, settled, ends: settled + args.duration(), training, batch: args.batch };
    output.note(&format!(
        "turnover: {} trials/s for {} s, after {:.0} s in which the fleet starts",
        args.turnover,
        args.duration,
        training.as_secs_f64()
    ));
    let seen = Seen::default();
    let trials = async {
        let starts = (0..args.workers).map(|n| f64::from(n) / f64::from(args.turnover));
        let lives = fleet.iter().zip(starts).map(|(worker, start)| {
            let start = Duration::from_secs_f64(start);
            train(worker, plan, start, &studies, &seen)
        });
        tokio::select! {
            ended = try_join_all(lives) => ended.map(drop),
            failed = studies.follow() => failed,
        }
    };
    let (ended, memory) = tokio::join!(trials, watch(plan, stand.coordinator(), &seen));
    ended?;
    let p99 = |latencies: &Latencies| latencies.quantile_ms(0.99);
    #[expect(clippy::cast_precision_loss, reason = "a count of trials")]
    let turnover_per_s = seen.tell.count() as f64 / args.duration().as_secs_f64();
    Ok(Turnover {
        ask_p99_ms: p99(&seen.ask),
        ask_median_ms: seen.ask.quantile_ms(0.5),
        tell_p99_ms: p99(&seen.tell),
        claim_p99_ms: p99(&seen.claim),
        report_p99_ms: p99(&seen.report),
        heartbeat_p99_ms: p99(&seen.heartbeat),
        turnover_per_s,
        rss_first_mib: memory.first().copied(),
        rss_last_mib: memory.last().copied(),
        rss_peak_mib: memory.iter().copied().reduce(f64::max),
        rss_mib: memory.iter().copied().step_by(memory.len().div_ceil(12).max(1)).collect(),
        studies: studies.opened(),
    })
}

/// One worker's life: a trial after the other until the plan ends. Latencies count once the fleet is at work.
async fn train(
    worker: &SimulatedWorker,
    plan: Plan,
    starts: Duration,
    studies: &Succession<'_>,
    seen: &Seen,
) -> anyhow::Result<()> {
    sleep_until(plan.begins + starts).await;
    let mut grant = worker.claim().await?;
    let mut due = plan.begins + starts;
    loop {
        studies.begun(&grant);
        due += plan.training;
        epochs(worker, &grant, due, plan, seen).await?;
        if grant.kind == RunKind::Test {
            worker.open_test(&grant).await?;
        }
        let told = Instant::now();
        worker.write(&grant, &completed(&grant, i32::try_from(EPOCHS)?)).await?;
        let asked = Instant::now();
        if asked >= plan.ends {
            return Ok(());
        }
        grant = worker.claim().await?;
        if told >= plan.settled {
            seen.tell.add(asked - told);
            seen.claim.add(asked.elapsed());
            seen.ask.add(told.elapsed());
        }
    }
}

/// Reports the trial's epochs in batches spread over its time, and renews where the pause would be too long.
async fn epochs(
    worker: &SimulatedWorker,
    grant: &LeaseGrant,
    due: Instant,
    plan: Plan,
    seen: &Seen,
) -> anyhow::Result<()> {
    let timed = async |write: AttemptWrite, latencies: &Latencies| -> anyhow::Result<()> {
        let sent = Instant::now();
        worker.write(grant, &write).await?;
        if sent >= plan.settled {
            latencies.add(sent.elapsed());
        }
        Ok(())
    };
    worker.write(grant, &AttemptWrite::Start).await?;
    let batches = EPOCHS.div_ceil(plan.batch);
    let pause = due.saturating_duration_since(Instant::now()) / batches;
    let (first_due, mut epoch) = (due - pause * (batches - 1), 1);
    for batch in 0..batches {
        let wanted = first_due + pause * batch;
        while wanted.saturating_duration_since(Instant::now()) > RENEW {
            sleep_until(Instant::now() + RENEW).await;
            timed(AttemptWrite::Renew, &seen.heartbeat).await?;
        }
        sleep_until(wanted).await;
        let count = plan.batch.min(EPOCHS + 1 - epoch);
        timed(together(reports(i32::try_from(epoch)?, count)), &seen.report).await?;
        epoch += count;
    }
    Ok(())
}

async fn sleep_until(when: Instant) {
    tokio::time::sleep_until(when.into()).await;
}

/// Samples the coordinator's resident memory once a second, in MiB, and shows the progress.
async fn watch(plan: Plan, coordinator: Option<u64>, seen: &Seen) -> Vec<f64> {
    let bar = progress::bar("trials ended").unwrap_or_else(|_| ProgressBar::hidden());
    let mut memory = Vec::new();
    while Instant::now() < plan.ends {
        tokio::time::sleep(Duration::from_secs(1)).await;
        bar.set_position(seen.tell.count() as u64);
        if Instant::now() >= plan.settled {
            memory.extend(coordinator.and_then(resident_mib));
        }
    }
    bar.finish_and_clear();
    memory
}

fn resident_mib(pid: u64) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kib| kib / 1024.0)
}
