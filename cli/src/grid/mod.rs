//! `pedigree grid`: from a grid's file to the searches over datasets x backbones that it asks for.

mod args;
mod control;
mod estimate;
mod names;
mod plan;
mod run;
mod show;
mod simulate;
mod table;
mod texts;
mod validate;
mod watch;

use std::process::ExitCode;

use clap::Subcommand;
use pedigree_protocol::sweep;

use self::args::GridArgs;
use crate::connection::Connection;
use crate::listing::Listing;
use crate::output::Output;
use crate::queue::{HoldFlags, PriorityArg};

#[derive(Debug, Subcommand)]
pub(crate) enum GridCommand {
    /// Check a grid file, show its cells, and, if a coordinator answers, check that its datasets and backbones exist
    Validate(GridArgs),
    /// Print the JSON Schema of grid files, for editors
    Schema,
    /// Show the runs of a grid, their order, and an estimate of time and energy, before anything starts
    Plan(plan::PlanArgs),
    /// Run a grid with simulated workers against a real coordinator of its own, in virtual time, and check every count
    Simulate(simulate::SimulateArgs),
    /// Create a grid, or continue the one of the same name, and follow it until it ends; Ctrl-C leaves it running
    Run(run::RunArgs),
    /// Follow a grid until it ends
    Watch(Named),
    /// List the grids, newest first
    List(Listing),
    /// Show a grid: its cells, its holes, what was selected and the sealed scores
    #[command(visible_alias = "status")]
    Show(Named),
    /// Pause a grid; what is running finishes unless you add --now
    Pause {
        #[command(flatten)]
        grid: Named,
        #[command(flatten)]
        pause: HoldFlags,
    },
    /// Resume a paused grid
    Resume(Named),
    /// Change the priority of a grid and of all that it has in the queue
    Priority {
        #[command(flatten)]
        grid: Named,
        #[command(flatten)]
        priority: PriorityArg,
    },
    /// Cancel a grid with everything of it that has not ended
    Cancel(Named),
}

/// The grid that a command is about.
#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// Name or id of the grid
    grid: String,
}

pub(crate) async fn run(
    command: GridCommand,
    connection: &Connection,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match command {
        GridCommand::Validate(args) => validate::run(&args, connection, output).await?,
        GridCommand::Schema => {
            let schema = sweep::grid_schema();
            output.document(&schema, |screen| writeln!(screen, "{schema:#}"))?;
        }
        GridCommand::Plan(args) => plan::run(&args, output)?,
        GridCommand::Simulate(args) => return simulate::run(&args, output).await,
        GridCommand::Run(args) => return run::run(&args, connection, output).await,
        GridCommand::Watch(Named { grid }) => {
            return watch::to_the_end(&connection.client()?, &grid, output).await;
        }
        GridCommand::List(listing) => show::list(&connection.client()?, listing, output).await?,
        GridCommand::Show(Named { grid }) => {
            let grid = connection.client()?.grid(&grid).await?;
            output.document(&grid, |screen| show::write(screen, &grid))?;
        }
        GridCommand::Pause { grid, pause } => {
            control::say(&connection.client()?.pause_grid(&grid.grid, pause.into()).await?, output)?;
        }
        GridCommand::Resume(Named { grid }) => {
            control::say(&connection.client()?.resume_grid(&grid).await?, output)?;
        }
        GridCommand::Priority { grid, priority } => {
            control::say(&connection.client()?.prioritise_grid(&grid.grid, priority.into()).await?, output)?;
        }
        GridCommand::Cancel(Named { grid }) => {
            control::say(&connection.client()?.cancel_grid(&grid).await?, output)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
