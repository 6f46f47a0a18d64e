//! `pedigree predict`: entities in text, as it comes in.

mod input;
mod output;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use pedigree_trainer_core::decode::Decoding;
use pedigree_trainer_core::inference::Recogniser;
use serde_json::json;

use crate::connection::Connection;
use crate::data::column;
use crate::model::ModelArgs;
use crate::output::Output;
use crate::progress;
use input::{InputFormat, Source};
use output::{Format, Sink};

/// The most sentences that the model sees at once.
const BATCH: usize = 256;

#[derive(Debug, clap::Args)]
pub(crate) struct PredictArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Files to read, `-` for standard input
    #[arg(default_value = "-", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Format of the input [default: conll for .conll, .tsv and .iob2, else text]
    #[arg(long, value_enum)]
    input: Option<InputFormat>,
    /// Column of the words in CoNLL input, counted from 1 [default: the first, which must look like words]
    #[arg(long, value_name = "N", value_parser = column)]
    token_column: Option<usize>,
    /// Format of the output
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Folder for the .txt and .ann files, one pair per input; required with --format brat. Existing files are not
    /// overwritten
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// How to decode an I- tag that continues no entity
    #[arg(long, value_enum, default_value_t = Decode::Viterbi)]
    decode: Decode,
}

/// The ways to decode that leave no orphan tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Decode {
    /// Turn it into B-
    AsB,
    /// Turn it into O
    Drop,
    /// Find the best sequence without such tags
    Viterbi,
}

impl From<Decode> for Decoding {
    fn from(decode: Decode) -> Self {
        match decode {
            Decode::AsB => Self::AsB,
            Decode::Drop => Self::Drop,
            Decode::Viterbi => Self::Viterbi,
        }
    }
}

/// What was done.
#[derive(Debug, Default)]
struct Done {
    sentences: usize,
    entities: usize,
    repairs: usize,
    windowed: usize,
}

pub(crate) async fn run(args: PredictArgs, connection: &Connection, output: Output) -> anyhow::Result<()> {
    if (args.format == Format::Brat) != args.out.is_some() {
        bail!("brat output is a pair of files for each input: give --format brat and --out FOLDER together");
    }
    if args.format != Format::Brat && output.is_json() {
        bail!(
            "--json prints one document at the end, but predictions are printed as they come; give --format jsonl without it, or --format brat"
        );
    }
    let model = args.model.find(connection).await?;
    tokio::task::block_in_place(|| {
        let recogniser = Recogniser::open(&model.adapter, &model.backbone)?;
        let mut done = Done::default();
        for file in &args.files {
            one(file, &recogniser, &args, &mut done)
                .with_context(|| format!("predicting {}", file.display()))?;
        }
        let Done { sentences, entities, repairs, windowed } = done;
        output.note(&format!(
            "{sentences} sentences, {entities} entities; {repairs} tags repaired, {windowed} sentences in several windows"
        ));
        if args.format != Format::Brat {
            return Ok(());
        }
        let document = json!({
            "files": args.files, "out": args.out, "sentences": sentences, "entities": entities,
            "repairs": repairs, "windowed_sentences": windowed,
        });
        output.document(&document, |_| Ok(()))
    })
}

fn one(file: &Path, model: &Recogniser, args: &PredictArgs, done: &mut Done) -> anyhow::Result<()> {
    let is_stdin = file == Path::new("-");
    let reader: Box<dyn Read> = if is_stdin {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).with_context(|| format!("{} cannot be read", file.display()))?)
    };
    let format = args.input.unwrap_or_else(|| InputFormat::of(file));
    let mut source = Source::new(BufReader::with_capacity(1 << 16, reader), format, args.token_column);
    let name = if is_stdin { "-".to_owned() } else { file.display().to_string() };
    let mut sink = Sink::open(args.format, &name, args.out.as_deref())?;
    let bar = progress::counter("sentences")?;
    while let Some(batch) = source.batch(BATCH)? {
        let words = batch.sentences.iter().map(|s| s.words.iter().map(|word| word.text.clone()).collect());
        let tagged = model.tag(words, args.decode.into(), &mut |_, _| Ok(()))?;
        done.sentences += batch.sentences.len();
        done.repairs += tagged.repairs;
        done.windowed += tagged.windowed_sentences;
        done.entities += sink.write(&batch, &tagged.tags)?;
        bar.set_position(done.sentences as u64);
    }
    bar.finish_and_clear();
    sink.finish()
}
