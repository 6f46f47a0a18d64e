//! `pedigree bench`: the performance of this machine.

mod coordinator;
mod train;

use std::process::ExitCode;

use crate::output::Output;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum BenchCommand {
    /// Load a coordinator with simulated workers over HTTP, and check that nothing is lost
    Coordinator(coordinator::CoordinatorArgs),
    /// Measure how many trials a second one study completes when training takes no time
    Trials(coordinator::trials::TrialsArgs),
    /// Measure training steps on random weights of a published size
    Train(train::BenchTrainArgs),
}

impl BenchCommand {
    /// Prepares the process for computing, if it will compute; see [`crate::kernels::settle`].
    pub(crate) fn settle(&self) -> std::io::Result<()> {
        match self {
            Self::Coordinator(_) | Self::Trials(_) => Ok(()),
            Self::Train(args) => crate::kernels::settle(args.threads()),
        }
    }
}

pub(crate) async fn run(command: BenchCommand, output: Output) -> anyhow::Result<ExitCode> {
    match command {
        BenchCommand::Coordinator(args) => coordinator::run(args, output).await,
        BenchCommand::Trials(args) => coordinator::trials::run(args, output).await,
        BenchCommand::Train(args) => {
            tokio::task::block_in_place(|| train::run(&args, output)).map(|()| ExitCode::SUCCESS)
        }
    }
}
