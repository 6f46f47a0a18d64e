//! `pedigree dapt`: domain-adaptive pretraining, in this process from a job file, or queued for the workers.

mod control;
mod local;
mod named;
mod parameter;
mod show;
mod submit;
mod summary;
mod watch;

use std::process::ExitCode;

use clap::Subcommand;

pub(crate) use local::{LocalArgs, run};

use self::named::Named;
use crate::attempt::AttemptArg;
use crate::connection::Connection;
use crate::listing::Listing;
use crate::output::Output;
use crate::queue::{HoldFlags, PriorityArg};
use crate::trial;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DaptArgs {
    #[command(subcommand)]
    pub(crate) command: Option<DaptCommand>,
    #[command(flatten)]
    pub(crate) local: LocalArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DaptCommand {
    /// Queue a pretraining of a registered backbone and follow it until it ends
    Submit(submit::SubmitArgs),
    /// Follow a pretraining until it ends
    Watch(Named),
    /// List the pretrainings, newest first
    List(Listing),
    /// Show a pretraining with its epochs and attempts
    Show {
        #[command(flatten)]
        dapt: Named,
        #[command(flatten)]
        attempt: AttemptArg,
    },
    /// Print the log of a pretraining's newest attempt
    Logs {
        #[command(flatten)]
        dapt: Named,
        /// Keep printing until the pretraining has ended
        #[arg(short, long)]
        follow: bool,
    },
    /// Pause a pretraining; if it is running, it finishes unless you add --now
    Pause {
        #[command(flatten)]
        dapt: Named,
        #[command(flatten)]
        pause: HoldFlags,
    },
    /// Resume a paused pretraining
    Resume(Named),
    /// Change the priority of a pretraining
    Priority {
        #[command(flatten)]
        dapt: Named,
        #[command(flatten)]
        priority: PriorityArg,
    },
    /// Cancel a pretraining; a running one stops as soon as its worker hears of it
    Cancel(Named),
}

/// Sends a command to the coordinator.
pub(crate) async fn ask(
    command: DaptCommand,
    connection: &Connection,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let client = connection.client()?;
    match command {
        DaptCommand::Submit(args) => return submit::run(args, &client, output).await,
        DaptCommand::Watch(Named { name }) => return watch::to_the_end(&client, &name, output).await,
        DaptCommand::List(listing) => {
            let page = client.list_dapts(listing.limit).await?;
            show::list(&Listing::items(page, output), output)?;
        }
        DaptCommand::Show { dapt, attempt } => show::one(&client, &dapt.name, attempt, output).await?,
        DaptCommand::Logs { dapt, follow } => {
            trial::logs(&client, client.dapt(&dapt.name).await?.run.id, follow, output).await?;
        }
        DaptCommand::Pause { dapt, pause } => control::pause(&client, &dapt.name, pause, output).await?,
        DaptCommand::Resume(Named { name }) => control::resume(&client, &name, output).await?,
        DaptCommand::Priority { dapt, priority } => {
            control::prioritise(&client, &dapt.name, priority, output).await?;
        }
        DaptCommand::Cancel(Named { name }) => {
            client.cancel_run(client.dapt(&name).await?.run.id).await?;
            show::state(&client.dapt(&name).await?, output)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
