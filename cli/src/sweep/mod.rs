//! `pedigree sweep`: from a search-space file to a finished study.

mod args;
mod names;
#[cfg(test)]
mod parameters;
mod run;
mod validate;

use std::process::ExitCode;

use clap::Subcommand;
use pedigree_protocol::sweep;

use self::args::SweepArgs;
pub(crate) use self::names::is_absent;
use crate::connection::Connection;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum SweepCommand {
    /// Check a search-space file and, if a coordinator answers, that its dataset and backbone exist
    Validate(SweepArgs),
    /// Print the JSON Schema of search-space files, for editors
    Schema,
    /// Create the study that a file describes, and follow it until it ends
    Run(run::RunArgs),
}

pub(crate) async fn run(
    command: SweepCommand,
    connection: &Connection,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match command {
        SweepCommand::Validate(args) => validate::run(&args, connection, output).await?,
        SweepCommand::Schema => {
            let schema = sweep::schema();
            output.document(&schema, |screen| writeln!(screen, "{schema:#}"))?;
        }
        SweepCommand::Run(args) => return run::run(&args, connection, output).await,
    }
    Ok(ExitCode::SUCCESS)
}
