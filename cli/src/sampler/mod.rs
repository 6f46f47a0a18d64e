//! `pedigree sampler`: the samplers on their own, without a study.

mod serve;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum SamplerCommand {
    /// Answer requests for trials on stdin and stdout, one line of JSON each
    Serve(serve::ServeArgs),
}

pub(crate) fn run(command: &SamplerCommand) -> anyhow::Result<()> {
    match command {
        SamplerCommand::Serve(args) => serve::run(args),
    }
}
