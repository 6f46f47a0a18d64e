//! `pedigree backbone random`: an untrained encoder, labelled so.

use std::path::PathBuf;

use anyhow::Context;
use pedigree_trainer_core::backbone::{Family, RandomEncoder, inspect, write_random};
use pedigree_trainer_core::corpus::{self, ReadOptions};
use serde_json::json;

use crate::data::train_file;
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub(crate) struct RandomArgs {
    /// Folder to write to; created if it does not exist
    folder: PathBuf,
    /// Corpus folder; the words of its training split become the vocabulary
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// Architecture: bert, electra or deberta-v2
    #[arg(long, default_value = "bert", value_parser = family)]
    family: Family,
    /// Width of a hidden state; a multiple of the heads
    #[arg(long, default_value_t = 64, value_name = "N")]
    hidden: usize,
    /// Transformer layers
    #[arg(long, default_value_t = 2, value_name = "N")]
    layers: usize,
    /// Attention heads
    #[arg(long, default_value_t = 4, value_name = "N")]
    heads: usize,
    /// Seed of the weights
    #[arg(long, default_value_t = 42)]
    seed: u64,
}

/// A family by its `model_type`.
pub(crate) fn family(text: &str) -> Result<Family, String> {
    let known = Family::ALL.map(Family::model_type).join(", ");
    Family::named(text).ok_or_else(|| format!("no such family; write one of {known}"))
}

pub(super) fn run(args: &RandomArgs, output: Output) -> anyhow::Result<()> {
    if args.heads == 0 || !args.hidden.is_multiple_of(args.heads) || args.hidden == 0 || args.layers == 0 {
        anyhow::bail!(
            "--hidden {} --layers {} --heads {} do not make an encoder: give at least one layer, and a width that is a \
             multiple of the heads",
            args.hidden,
            args.layers,
            args.heads
        );
    }
    let train = corpus::read(
        &train_file(&args.corpus)?,
        &ReadOptions { entity_type: Some("Entity".to_owned()), ..ReadOptions::default() },
    )?;
    let spec = RandomEncoder {
        family: args.family,
        hidden: args.hidden,
        layers: args.layers,
        heads: args.heads,
        intermediate: 4 * args.hidden,
        max_positions: 256,
        seed: args.seed,
        words: train.sentences.into_iter().flat_map(|sentence| sentence.tokens).collect(),
    };
    let folder = args.folder.display();
    write_random(&args.folder, &spec).with_context(|| format!("cannot write into {folder}"))?;
    let shape = inspect(&args.folder)?;
    let document = json!({
        "folder": args.folder, "family": shape.family, "random_weights": true, "parameters": shape.parameters,
    });
    output.document(&document, |screen| {
        writeln!(screen, "{folder}: {} with {} RANDOM parameters", shape.family, shape.parameters)
    })
}
