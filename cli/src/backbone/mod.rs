//! `pedigree backbone`: pretrained encoders, known by the hashes of their files.

mod add;
mod files;
mod hub;
mod random;
mod show;

use clap::Subcommand;

pub(crate) use random::family;

use crate::connection::Connection;
use crate::listing::Listing;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum BackboneCommand {
    /// Register a backbone: check it and upload its files
    Add(add::AddArgs),
    /// List the backbones
    List(Listing),
    /// Show one backbone
    Show {
        /// Name of the backbone
        name: String,
    },
    /// Write a small backbone with random weights, for tests, not for real results
    Random(random::RandomArgs),
}

pub(crate) async fn run(
    command: BackboneCommand,
    connection: &Connection,
    output: Output,
) -> anyhow::Result<()> {
    match command {
        BackboneCommand::Add(args) => add::run(args, connection, output).await,
        BackboneCommand::List(listing) => show::list(connection, listing, output).await,
        BackboneCommand::Show { name } => {
            let backbone = connection.client()?.backbone(&name).await?;
            output.document(&backbone, |screen| show::write_backbone(screen, &backbone))
        }
        BackboneCommand::Random(args) => random::run(&args, output),
    }
}
