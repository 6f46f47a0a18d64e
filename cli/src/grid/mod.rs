//! `pedigree grid`: from a grid's file to the searches over datasets x backbones that it asks for.

mod args;
mod estimate;
mod names;
mod plan;
mod texts;
mod validate;

use std::process::ExitCode;

use clap::Subcommand;
use pedigree_protocol::sweep;

use self::args::GridArgs;
use crate::connection::Connection;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum GridCommand {
    /// Check a grid file, show its cells, and, if a coordinator answers, check that its datasets and backbones exist
    Validate(GridArgs),
    /// Print the JSON Schema of grid files, for editors
    Schema,
    /// Show the runs of a grid, their order, and an estimate of time and energy, before anything starts
    Plan(plan::PlanArgs),
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
    }
    Ok(ExitCode::SUCCESS)
}
