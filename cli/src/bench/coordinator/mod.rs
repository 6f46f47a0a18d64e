//! `pedigree bench coordinator`: simulated workers over real HTTP against a coordinator with a Postgres of its own.
//!
//! Owns the order of the phases and what is reported. Each simulated worker speaks as a real one does (hello, claim,
//! start, reports, renewals, end); the trainings are made up. The checks at the end read the database.

mod args;
mod content;
mod history;
mod phases;
mod succession;
pub(super) mod trials;
mod turnover;

use std::io::Write;
use std::process::ExitCode;

use pedigree_protocol::Method;
use serde::Serialize;

use crate::output::{Output, write_facts};
use crate::serve::LeaseArg;
use crate::simulated::check::{self, Checked};
use crate::up::Stand;
pub(super) use args::CoordinatorArgs;
use phases::Measured;

/// What is reported.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    measured: Measured,
    #[serde(flatten)]
    checked: Checked,
    workers: u32,
    turnover: u32,
    trials: u32,
    method: Method,
    batch: u32,
    duration_s: u64,
    load_average: Option<f64>,
}

pub(crate) async fn run(args: CoordinatorArgs, output: Output) -> anyhow::Result<ExitCode> {
    output.note("starting a database and a coordinator");
    let database = args.database_url.clone();
    let report = Stand::during(database, LeaseArg::default(), &output, async |stand| {
        measure(&args, stand, &output).await
    })
    .await?;
    let sound = report.checked.is_sound();
    output.document(&report, |screen| write_report(screen, &report))?;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn measure(args: &CoordinatorArgs, stand: &Stand, output: &Output) -> anyhow::Result<Report> {
    let (measured, tally) = phases::run(args, stand, output).await?;
    output.note("reading the database");
    let checked = check::read(stand.database_url(), &tally).await?;
    Ok(Report {
        measured,
        checked,
        workers: args.workers,
        turnover: args.turnover,
        trials: args.trials,
        method: args.method,
        batch: args.batch,
        duration_s: args.duration,
        load_average: load_average(),
    })
}

/// The machine's load over the last minute, which shows what else it was doing.
fn load_average() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

fn write_report(screen: &mut dyn Write, report: &Report) -> std::io::Result<()> {
    let (capacity, turnover) = (&report.measured.capacity, &report.measured.turnover);
    let facts = [
        ("claims", format!("{:.0} /s", capacity.claims_per_s)),
        ("reports", format!("{:.0} points/s in batches of {}", capacity.report_points_per_s, report.batch)),
        ("heartbeats", format!("{:.0} /s", capacity.heartbeats_per_s)),
        (
            "ask",
            format!(
                "median {:.1} ms, p99 {:.1} ms at {:.1} trials/s, {} trials in the study",
                turnover.ask_median_ms, turnover.ask_p99_ms, turnover.turnover_per_s, report.trials
            ),
        ),
        ("memory", turnover.memory()),
        ("lost", report.checked.lost.to_string()),
        ("doubled", report.checked.doubled.to_string()),
    ];
    write_facts(screen, &facts)
}
