//! `pedigree trial`: shows and controls the runs of a study, and prints their logs.

mod logs;
mod show;
mod which;

use clap::Subcommand;
use pedigree_protocol::client::Client;
use pedigree_protocol::run::{Run, RunKind};

pub(crate) use logs::logs;
pub(crate) use which::Which;

use self::which::Numbered;
use crate::attempt::AttemptArg;
use crate::connection::Connection;
use crate::leaderboard::{best_first, leaderboard};
use crate::listing::Listing;
use crate::output::{Output, write_table};
use crate::run::{held, name, state};
use crate::study::named::Named;
use crate::study::retry;

#[derive(Debug, Subcommand)]
pub(crate) enum TrialCommand {
    /// List the trials of a study, best first, then its final run
    List {
        #[command(flatten)]
        study: Named,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show one trial with its epochs and attempts
    Show {
        #[command(flatten)]
        trial: Numbered,
        #[command(flatten)]
        attempt: AttemptArg,
    },
    /// Pause a trial; a running one stops, keeps its progress and frees its device until you resume it
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

pub(crate) async fn run(
    command: TrialCommand,
    connection: &Connection,
    output: Output,
) -> anyhow::Result<()> {
    let client = connection.client()?;
    match command {
        TrialCommand::List { study, listing } => list(&client, &study.study, listing, output).await,
        TrialCommand::Show { trial, attempt } => {
            let detail = attempt.detail(&client, trial.find(&client).await?.id).await?;
            output.document(&detail, |screen| show::write(screen, &detail))
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

async fn list(client: &Client, study: &str, listing: Listing, output: Output) -> anyhow::Result<()> {
    let (study, runs) = (client.study(study).await?, client.runs(study).await?);
    let mut ordered = best_first(&study, &runs);
    ordered.extend(runs.iter().filter(|run| run.kind != RunKind::Trial));
    let shown = listing.cut(ordered, output);
    output.document(&shown, |screen| write_table(screen, &leaderboard(&study, shown.iter().copied())))
}

/// Says a run's state after a command changed it.
fn say(run: &Run, output: Output) -> anyhow::Result<()> {
    output.document(run, |screen| writeln!(screen, "{} is {}{}", name(run), state(run.state), held(run)))
}
