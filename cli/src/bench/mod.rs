//! `pedigree bench`: how much this machine carries of what Pedigree asks of it.

mod coordinator;

use std::process::ExitCode;

use crate::output::Output;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum BenchCommand {
    /// Load a coordinator with simulated workers over HTTP, and count what got lost
    Coordinator(coordinator::CoordinatorArgs),
}

pub(crate) async fn run(command: BenchCommand, output: Output) -> anyhow::Result<ExitCode> {
    match command {
        BenchCommand::Coordinator(args) => coordinator::run(args, output).await,
    }
}
