//! `pedigree data`: datasets are three splits, known by their content.

mod add;
mod checks;
mod columns;
mod show;
mod splits;

use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;
use pedigree_trainer_core::corpus::synth::{self, Flavour, SynthSpec};
use serde_json::json;

use crate::connection::Connection;
use crate::listing::Listing;
use crate::output::Output;

pub(crate) use columns::{ColumnArgs, column};
pub(crate) use splits::{split_file, train_file};

#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Register a dataset: read a corpus in CoNLL format, check it, and upload it
    Add(add::AddArgs),
    /// List the datasets
    List(Listing),
    /// Show one dataset
    Show {
        /// Name of the dataset
        name: String,
    },
    /// Write a synthetic corpus, for trying things out, not for real results
    Synth(SynthArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct SynthArgs {
    /// Folder to write to; created if it does not exist
    folder: PathBuf,
    /// Which corpus: easy (any working training scores 0.9 and more), chemical or disease (hard, with different types and words)
    #[arg(long, default_value = "disease", value_parser = flavour)]
    flavour: Flavour,
    /// Of a hundred entities, how many are annotated wrongly on purpose (0 to 100) [default: the flavour's own: 0, 6 or 10]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    noise: Option<u8>,
    /// Seed of the corpus; the same seed gives the same files
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Number of training sentences
    #[arg(long, default_value_t = 2000, value_name = "N")]
    train: usize,
    /// Number of development sentences
    #[arg(long, default_value_t = 500, value_name = "N")]
    dev: usize,
    /// Number of test sentences
    #[arg(long, default_value_t = 500, value_name = "N")]
    test: usize,
}

pub(crate) async fn run(command: DataCommand, connection: &Connection, output: Output) -> anyhow::Result<()> {
    match command {
        DataCommand::Add(args) => add::run(args, connection, output).await,
        DataCommand::List(listing) => show::list(connection, listing, output).await,
        DataCommand::Show { name } => {
            let dataset = connection.client()?.dataset(&name).await?;
            output.document(&dataset, |screen| show::write_dataset(screen, &dataset))
        }
        DataCommand::Synth(args) => synthesise(&args, output),
    }
}

fn flavour(text: &str) -> Result<Flavour, String> {
    let known = Flavour::ALL.map(Flavour::as_str).join(", ");
    Flavour::named(text).ok_or_else(|| format!("no such flavour; write one of {known}"))
}

fn synthesise(args: &SynthArgs, output: Output) -> anyhow::Result<()> {
    let usual = SynthSpec::new(args.flavour, args.seed, [args.train, args.dev, args.test]);
    let spec = SynthSpec { noise: args.noise.unwrap_or(usual.noise), ..usual };
    let folder = args.folder.display();
    synth::write(&args.folder, spec).with_context(|| format!("cannot write into {folder}"))?;
    let document = json!({
        "folder": args.folder, "synthetic": true, "flavour": args.flavour.as_str(), "noise": spec.noise, "seed": args.seed,
        "train": args.train, "dev": args.dev, "test": args.test,
    });
    output.document(&document, |screen| {
        writeln!(
            screen,
            "{folder}: synthetic corpus ({}) of {} / {} / {} sentences",
            args.flavour, args.train, args.dev, args.test
        )
    })
}
