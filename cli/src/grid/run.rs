//! `pedigree grid run`: creates the grid, or continues the one of the same name, and follows it.

use std::process::ExitCode;

use super::args::GridArgs;
use super::names::unknown;
use super::{control, watch};
use crate::connection::Connection;
use crate::output::Output;
use crate::upload;

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    grid: GridArgs,
    /// Create the grid and return at once, without following it
    #[arg(long)]
    detach: bool,
}

pub(super) async fn run(args: &RunArgs, connection: &Connection, output: Output) -> anyhow::Result<ExitCode> {
    let read = args.grid.read(output)?;
    let client = connection.client()?;
    for missing in unknown(&client, &read.spec).await? {
        output.note(&format!("a hole: {missing}"));
    }
    upload::files(&client, &read.texts).await?;
    let grid = client.create_grid(&read.spec).await?;
    if args.detach {
        control::say(&grid, output)?;
        return Ok(ExitCode::SUCCESS);
    }
    watch::to_the_end(&client, &grid.summary.name, output).await
}
