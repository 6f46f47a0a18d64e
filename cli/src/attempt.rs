//! The attempts of a run: whose epochs are shown, and all of them as a table.

use std::io::{self, Write};

use anyhow::bail;
use pedigree_protocol::client::Client;
use pedigree_protocol::energy::Energy;
use pedigree_protocol::report::AttemptReport;
use pedigree_protocol::run::AttemptRecord;
use pedigree_protocol::run_detail::{RunDetail, RunReports, RunWork};
use pedigree_protocol::{Attempt, RunId};

use crate::output::{table, write_table};

/// Which attempt's epochs are shown.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct AttemptArg {
    /// Number of the attempt whose epochs are shown [default: the newest]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    attempt: Option<i32>,
}

impl AttemptArg {
    /// Everything about a run, with the epochs of the wanted attempt.
    pub(crate) async fn detail(self, client: &Client, run: RunId) -> anyhow::Result<RunDetail> {
        let mut detail = client.run(run).await?;
        let Some(number) = self.attempt else { return Ok(detail) };
        match (&mut detail.work, client.reports(run, Attempt(number)).await?) {
            (RunWork::Train(work), RunReports::Train { items }) => work.reports = items,
            (RunWork::Adapt(work), RunReports::Adapt { items }) => work.reports = items,
            (RunWork::Test(_), RunReports::Test) => {}
            (RunWork::Train(_) | RunWork::Adapt(_) | RunWork::Test(_), _) => {
                bail!("the coordinator sent the reports of another kind of run")
            }
        }
        Ok(detail)
    }
}

/// Writes the epochs of one attempt, a row for each; nothing where it has none.
pub(crate) fn write_epochs<M>(
    screen: &mut dyn Write,
    reports: &[AttemptReport<M>],
    header: &[&str],
    row: impl Fn(&M) -> Vec<String>,
) -> io::Result<()> {
    let Some(first) = reports.first() else { return Ok(()) };
    writeln!(screen, "\nepochs of attempt {}", first.attempt)?;
    let numbers: Vec<usize> = (0..header.len()).collect();
    write_table(screen, &table(header, &numbers, reports.iter().map(|report| row(&report.metrics))))
}

/// Writes the attempts of a run; nothing where it has none.
pub(crate) fn write_attempts(screen: &mut dyn Write, attempts: &[AttemptRecord]) -> io::Result<()> {
    if attempts.is_empty() {
        return Ok(());
    }
    writeln!(screen)?;
    let rows = attempts.iter().map(|attempt| {
        let Ending { cause, why } = ending(attempt);
        vec![
            attempt.attempt.to_string(),
            attempt.state.as_str().to_owned(),
            attempt.worker_name.clone(),
            attempt.device_uuid.clone(),
            attempt.leased_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            attempt.energy.as_ref().map_or_else(String::new, energy),
            cause,
            why,
        ]
    });
    write_table(
        screen,
        &table(
            &["attempt", "state", "worker", "device", "leased", "energy", "cause", "why it ended"],
            &[0],
            rows,
        ),
    )
}

/// An energy in watt-hours, with its source.
fn energy(energy: &Energy) -> String {
    format!("{:.1} Wh ({})", energy.joules / 3600.0, energy.source.as_str())
}

/// How an attempt ended.
struct Ending {
    /// The cause of its failure; empty where it did not fail.
    cause: String,
    /// Why it ended, what showed it, and what followed.
    why: String,
}

fn ending(attempt: &AttemptRecord) -> Ending {
    let Some(failure) = &attempt.failure else {
        return Ending { cause: String::new(), why: attempt.prune_reason.clone().unwrap_or_default() };
    };
    let evidence = failure.evidence.as_ref().filter(|evidence| !failure.message.contains(evidence.as_str()));
    let parts = [
        Some(failure.message.clone()),
        evidence.map(|evidence| format!("shown by: {evidence}")),
        attempt.consequence.clone(),
    ];
    let why = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
    Ending { cause: failure.cause.as_str().to_owned(), why }
}
