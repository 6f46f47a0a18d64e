//! `pedigree sampler`: the samplers by themselves, without a study.

mod serve;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum SamplerCommand {
    /// Answer requests for trials, one line of JSON each, on stdin and stdout
    Serve(serve::ServeArgs),
}

pub(crate) fn run(command: &SamplerCommand) -> anyhow::Result<()> {
    match command {
        SamplerCommand::Serve(args) => serve::run(args),
    }
}
