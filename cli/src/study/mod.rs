//! `pedigree study`: shows, follows and controls studies.

mod control;
mod enqueue;
mod importance;
mod list;
pub(crate) mod named;
pub(crate) mod outcome;
mod replay;
pub(crate) mod retry;
mod state;
pub(crate) mod watch;

use std::process::ExitCode;

use clap::Subcommand;

use self::named::Named;
use self::outcome::{Outcome, write_outcome};
use self::state::study_state;
use crate::connection::Connection;
use crate::listing::Listing;
use crate::output::Output;
use crate::queue::{HoldFlags, PriorityArg};

#[derive(Debug, Subcommand)]
pub(crate) enum StudyCommand {
    /// List the studies, newest first
    List(Listing),
    /// Show a study with its trials and its test score
    Show(Named),
    /// Follow a study until it ends
    Watch(Named),
    /// Cancel a study and its unfinished trials
    Cancel(Named),
    /// Pause a study; running trials finish unless you add --now
    Pause {
        #[command(flatten)]
        study: Named,
        #[command(flatten)]
        pause: HoldFlags,
    },
    /// Resume a paused study
    Resume(Named),
    /// Change the priority of a study
    Priority {
        #[command(flatten)]
        study: Named,
        #[command(flatten)]
        priority: PriorityArg,
    },
    /// Try failed trials again, with their full number of retries; a failed study opens again
    Retry(retry::RetryArgs),
    /// Add a configuration of your own; it is tried before the sampler's suggestions and counts as a trial
    Enqueue(enqueue::EnqueueArgs),
    /// Show which parameters mattered and which ranges may be too narrow
    Importance(Named),
    /// Recompute every suggestion from its record and list those that differ
    Replay(Named),
}

pub(crate) async fn run(
    command: StudyCommand,
    connection: &Connection,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let client = connection.client()?;
    match command {
        StudyCommand::List(listing) => list::run(&client, listing, output).await?,
        StudyCommand::Show(Named { study }) => {
            let (study, runs) = (client.study(&study).await?, client.runs(&study).await?);
            let insight = client.insight(&study.spec.name).await?;
            let outcome = Outcome::new(study, runs, &client).with_insight(insight);
            output.document(&outcome, |screen| write_outcome(screen, &outcome))?;
        }
        StudyCommand::Watch(Named { study }) => {
            let study = client.study(&study).await?;
            return watch::to_the_end(&client, study, output).await;
        }
        StudyCommand::Enqueue(wanted) => enqueue::run(&client, &wanted, output).await?,
        StudyCommand::Pause { study, pause } => control::pause(&client, &study.study, pause, output).await?,
        StudyCommand::Resume(Named { study }) => control::resume(&client, &study, output).await?,
        StudyCommand::Priority { study, priority } => {
            control::prioritise(&client, &study.study, priority, output).await?;
        }
        StudyCommand::Retry(args) => retry::run(&client, &args, output).await?,
        StudyCommand::Importance(Named { study }) => importance::run(&client, &study, output).await?,
        StudyCommand::Replay(Named { study }) => return replay::run(&client, &study, output).await,
        StudyCommand::Cancel(Named { study }) => {
            let study = client.cancel_study(&study).await?;
            output.document(&study, |screen| {
                writeln!(screen, "study {} is {}", study.spec.name, study_state(study.state))
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
