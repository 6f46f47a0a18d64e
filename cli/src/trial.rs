//! `pedigree trial`: shows and controls the runs of a study, and prints their logs.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;
use pedigree_protocol::client::Client;
use pedigree_protocol::energy::Energy;
use pedigree_protocol::report::{AttemptReport, EpochReport};
use pedigree_protocol::run::{AttemptRecord, Run, RunKind};
use pedigree_protocol::run_detail::RunDetail;
use pedigree_protocol::{ErrorCode, RunId};
use serde_json::json;

use crate::connection::Connection;
use crate::leaderboard::{best_first, leaderboard};
use crate::listing::Listing;
use crate::output::{Output, bytes, table, write_facts, write_table};
use crate::params;
use crate::run::{held, name, state, took};
use crate::study::retry;

const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Subcommand)]
pub(crate) enum TrialCommand {
    /// List the trials of a study, best first
    List {
        /// Name or id of the study
        study: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show one trial with its epochs and attempts
    Show(Numbered),
    /// Pause a trial; a running one stops and keeps its progress
    Pause(Numbered),
    /// Resume a paused trial
    Resume(Numbered),
    /// Cancel a trial; a running one stops as soon as its worker hears of it
    Cancel(Numbered),
    /// Try a failed trial again, with its full number of retries
    Retry(Numbered),
    /// Print the log of a trial's newest attempt
    Logs {
        #[command(flatten)]
        trial: Numbered,
        /// Keep printing until the trial has ended
        #[arg(short, long)]
        follow: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Numbered {
    /// Name or id of the study
    study: String,
    /// Number of the trial, or `final` for the final run
    #[arg(value_parser = Which::parse)]
    number: Which,
}

/// One run of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Trial(i32),
    Final,
}

impl Which {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("final", _) => Ok(Self::Final),
            (_, Ok(number)) if number > 0 => Ok(Self::Trial(number)),
            _ => Err("give a number from 1, or final".to_owned()),
        }
    }

    fn is(self, run: &Run) -> bool {
        match self {
            Self::Trial(number) => run.number == Some(number),
            Self::Final => run.kind == RunKind::Final,
        }
    }

    /// Finds that run of a study.
    pub(crate) async fn find(self, study: &str, client: &Client) -> anyhow::Result<Run> {
        let runs = client.runs(study).await?;
        if let Some(run) = runs.iter().find(|run| self.is(run)) {
            return Ok(run.clone());
        }
        match self {
            Self::Final => bail!("study {study} has no final run yet"),
            Self::Trial(number) => {
                let known = runs.iter().filter_map(|run| run.number).max();
                let known = known.map_or("none yet".to_owned(), |last| format!("1 to {last}"));
                bail!("study {study} has no trial {number}; its trials: {known}")
            }
        }
    }
}

pub(crate) async fn run(
    command: TrialCommand,
    connection: &Connection,
    output: Output,
) -> anyhow::Result<()> {
    let client = connection.client()?;
    match command {
        TrialCommand::List { study, listing } => {
            let (study, mut runs) = (client.study(&study).await?, client.runs(&study).await?);
            if listing.limit.is_some() {
                let trials = best_first(&study, &runs).into_iter().cloned().collect();
                runs = listing.cut(trials, output);
            }
            output.document(&runs, |screen| write_table(screen, &leaderboard(&study, &runs)))
        }
        TrialCommand::Show(trial) => {
            let detail = client.run(trial.find(&client).await?.id).await?;
            output.document(&detail, |screen| write_detail(screen, &detail))
        }
        TrialCommand::Pause(trial) => say(&client.pause_run(trial.find(&client).await?.id).await?, output),
        TrialCommand::Resume(trial) => say(&client.resume_run(trial.find(&client).await?.id).await?, output),
        TrialCommand::Cancel(trial) => say(&client.cancel_run(trial.find(&client).await?.id).await?, output),
        TrialCommand::Retry(trial) => {
            let retried = client.retry_run(trial.find(&client).await?.id).await?;
            output.document(&retried, |screen| retry::write(screen, &retried))
        }
        TrialCommand::Logs { trial, follow } => {
            logs(&client, trial.find(&client).await?.id, follow, output).await
        }
    }
}

/// Says a run's state after a command changed it.
fn say(run: &Run, output: Output) -> anyhow::Result<()> {
    output.document(run, |screen| writeln!(screen, "{} is {}{}", name(run), state(run.state), held(run)))
}

impl Numbered {
    async fn find(&self, client: &Client) -> anyhow::Result<Run> {
        self.number.find(&self.study, client).await
    }
}

/// Prints the log of a run's newest attempt.
pub(crate) async fn logs(client: &Client, run: RunId, follow: bool, output: Output) -> anyhow::Result<()> {
    let (mut attempt, mut offset, mut text) = (None, 0, String::new());
    loop {
        let ended = client.run(run).await?.run.state.is_final();
        let slice = match client.log(run, None, offset).await {
            // Nobody has begun yet.
            Err(error) if follow && !ended && error.code() == Some(ErrorCode::NotFound) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            slice => slice?,
        };
        if attempt.replace(slice.attempt).is_some_and(|before| before != slice.attempt) {
            output.note(&format!("attempt {} begins", slice.attempt));
            (offset, text) = (0, String::new());
            continue;
        }
        output.stream(&slice.text)?;
        text.push_str(&slice.text);
        let more = slice.next_offset > offset;
        offset = slice.next_offset;
        match (more, ended || !follow) {
            (true, _) => {}
            (false, true) => break,
            (false, false) => tokio::time::sleep(PAUSE).await,
        }
    }
    let attempt = attempt.context("no log")?;
    output.document(&json!({ "run": run, "attempt": attempt, "text": text }), |_| Ok(()))
}

fn write_detail(screen: &mut dyn Write, detail: &RunDetail) -> io::Result<()> {
    write_facts(screen, &facts(detail))?;
    if let Some(training) = detail.training().filter(|training| !training.reports.is_empty()) {
        writeln!(screen)?;
        write_epochs(screen, &training.reports)?;
    }
    if !detail.attempts.is_empty() {
        writeln!(screen)?;
        write_attempts(screen, &detail.attempts)?;
    }
    Ok(())
}

fn facts(detail: &RunDetail) -> Vec<(&'static str, String)> {
    let run = &detail.run;
    let failure = run.failure.as_ref();
    let failure = failure.map_or_else(String::new, |f| format!(" ({}): {}", f.cause.as_str(), f.message));
    let mut facts = vec![
        ("run", format!("{} of {}, {}", name(run), detail.queue_name, run.id)),
        ("state", format!("{}{}{failure}", state(run.state), held(run))),
        ("searched", params::params(&run.params)),
    ];
    let Some(training) = detail.training() else { return facts };
    facts.push(("fixed", params::params(&training.fixed)));
    if let Some(summary) = &training.summary {
        let early = if summary.stopped_early { ", ended by patience" } else { "" };
        facts.push((
            "dev F1",
            format!("{:.4} at epoch {} of {}{early}", summary.objective, summary.best_epoch, summary.epochs),
        ));
        facts.push(("took", took(run)));
        facts.push(("memory", bytes(summary.peak_memory_bytes)));
    }
    facts
}

fn write_epochs(screen: &mut dyn Write, reports: &[AttemptReport<EpochReport>]) -> io::Result<()> {
    let header = [
        "attempt",
        "epoch",
        "dev F1 strict",
        "dev F1 conlleval",
        "dev loss",
        "train loss",
        "learning rate",
        "seconds",
    ];
    let rows = reports.iter().map(|report| {
        let metrics = &report.metrics;
        vec![
            report.attempt.to_string(),
            metrics.epoch.to_string(),
            format!("{:.4}", metrics.dev.strict.f1),
            format!("{:.4}", metrics.dev.conlleval.f1),
            format!("{:.4}", metrics.dev_loss),
            format!("{:.4}", metrics.train_loss),
            format!("{:.2e}", metrics.learning_rate),
            format!("{:.1}", metrics.seconds),
        ]
    });
    write_table(screen, &table(&header, &[0, 1, 2, 3, 4, 5, 6, 7], rows))
}

pub(crate) fn write_attempts(screen: &mut dyn Write, attempts: &[AttemptRecord]) -> io::Result<()> {
    let rows = attempts.iter().map(|attempt| {
        let state = serde_json::to_value(attempt.state).ok();
        let state = state.as_ref().and_then(|s| s.as_str()).unwrap_or_default();
        let Ending { cause, why } = ending(attempt);
        vec![
            attempt.attempt.to_string(),
            state.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_number_or_as_final() {
        assert_eq!(Which::parse("7"), Ok(Which::Trial(7)));
        assert_eq!(Which::parse("final"), Ok(Which::Final));
        for bad in ["0", "-1", "last", ""] {
            assert!(Which::parse(bad).is_err(), "{bad}");
        }
    }
}
