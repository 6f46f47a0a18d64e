//! `pedigree study`: what one may do with studies.

mod control;
mod enqueue;
mod importance;
mod list;
mod named;
pub(crate) mod outcome;
mod replay;
pub(crate) mod retry;
mod state;

use std::process::ExitCode;

use clap::Subcommand;

use self::named::Named;
use self::outcome::{Outcome, write_outcome};
use self::state::study_state;
use crate::connection::Connection;
use crate::follow;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum StudyCommand {
    /// List the studies, newest first
    List,
    /// Show a study, its trials and its test score
    Show(Named),
    /// Follow a study to its end
    Watch(Named),
    /// Cancel a study and its open trials
    Cancel(Named),
    /// Pause a study: nothing new begins until it is resumed
    Pause(control::PauseArgs),
    /// Let a paused study go on
    Resume(Named),
    /// Give a study another priority
    Priority(control::PriorityArgs),
    /// Have failed trials tried again, their retries anew; a study that failed opens again
    Retry(retry::RetryArgs),
    /// Try a configuration of your own, before anything is suggested; it counts against the study's trials
    Enqueue(enqueue::EnqueueArgs),
    /// Show which parameters mattered, and which ranges may be too narrow
    Importance(Named),
    /// Compute every suggestion again from its record, and say which differ
    Replay(Named),
}

pub(crate) async fn run(
    command: StudyCommand,
    connection: &Connection,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let client = connection.client()?;
    match command {
        StudyCommand::List => list::run(&client, output).await?,
        StudyCommand::Show(Named { study }) => {
            let (study, runs) = (client.study(&study).await?, client.runs(&study).await?);
            let insight = client.insight(&study.spec.name).await?;
            let outcome = Outcome::new(study, runs, &client).with_insight(insight);
            output.document(&outcome, |screen| write_outcome(screen, &outcome))?;
        }
        StudyCommand::Watch(Named { study }) => {
            let study = client.study(&study).await?;
            return follow::to_the_end(&client, study, output).await;
        }
        StudyCommand::Enqueue(wanted) => enqueue::run(&client, &wanted, output).await?,
        StudyCommand::Pause(args) => control::pause(&client, &args, output).await?,
        StudyCommand::Resume(Named { study }) => control::resume(&client, &study, output).await?,
        StudyCommand::Priority(args) => control::prioritise(&client, &args, output).await?,
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
