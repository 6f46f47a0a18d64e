//! `pedigree evaluate`: an adapter's score on a corpus, under every protocol, with its mistakes.

mod corpus;
mod screen;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;
use pedigree_trainer_core::decode::Decoding;
use pedigree_trainer_core::inference::{self, Evaluated, EvaluationOptions, Recogniser, TypeMap};
use pedigree_trainer_core::score::SurfaceForms;
use pedigree_trainer_core::write_predictions;

use self::screen::Document;
use crate::connection::Connection;
use crate::data::ColumnArgs;
use crate::model::ModelArgs;
use crate::output::Output;
use crate::progress;

pub(crate) use corpus::SplitName;

#[derive(Debug, clap::Args)]
pub(crate) struct EvaluateArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// A CoNLL file, a folder with train, dev and test, or the name of a registered dataset
    #[arg(long, value_name = "DATASET")]
    on: String,
    /// Split of a folder or a registered dataset
    #[arg(long, value_enum, default_value_t = SplitName::Dev)]
    split: SplitName,
    /// CoNLL file of the training split; entities that occur in it are scored apart from unseen ones [default: the train
    /// split of --on; none if --on is a file]
    #[arg(long, value_name = "FILE")]
    train: Option<PathBuf>,
    #[command(flatten)]
    columns: ColumnArgs,
    /// How to decode an I- tag that continues no entity
    #[arg(long, value_enum, default_value_t = Decode::Argmax)]
    decode: Decode,
    /// Rename an entity type in the corpus and in the predictions; may be repeated
    #[arg(long, value_name = "FROM=TO", value_parser = renaming)]
    map_type: Vec<(String, String)>,
    /// Leave an entity type out of the corpus and of the predictions; may be repeated
    #[arg(long, value_name = "TYPE")]
    ignore_type: Vec<String>,
    /// Most examples of each class of mistakes in the --json document; the table shows the first
    #[arg(long, value_name = "N", default_value_t = 3)]
    examples: usize,
    /// File to write the predictions to, for `pedigree compare`
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
}

/// [`Decoding`] by its names on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Decode {
    /// Keep it, as in training
    Argmax,
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
            Decode::Argmax => Self::Argmax,
            Decode::AsB => Self::AsB,
            Decode::Drop => Self::Drop,
            Decode::Viterbi => Self::Viterbi,
        }
    }
}

fn renaming(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok((from.to_owned(), to.to_owned())),
        _ => Err("give FROM=TO, such as DISEASE=Disease".to_owned()),
    }
}

pub(crate) async fn run(args: EvaluateArgs, connection: &Connection, output: Output) -> anyhow::Result<()> {
    let model = args.model.find(connection).await?;
    let corpus = corpus::find(&args.on, args.split, args.train.as_deref(), connection).await?;
    let document = tokio::task::block_in_place(|| {
        let read = corpus.read(&args.columns.options())?;
        output.note(&read.summary());
        let options = EvaluationOptions {
            split: read.split.clone(),
            decoding: args.decode.into(),
            types: TypeMap {
                renamed: args.map_type.iter().cloned().collect(),
                ignored: args.ignore_type.iter().cloned().collect(),
            },
            train: read.train.as_deref().map(SurfaceForms::of),
            examples: args.examples,
        };
        let recogniser = Recogniser::open(&model.adapter, &model.backbone)?;
        let bar = progress::bar("windows")?;
        let evaluated = inference::evaluate(&recogniser, read.sentences, &options, &mut |done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            Ok(())
        });
        bar.finish_and_clear();
        let Evaluated { report, predictions } = evaluated?;
        if let Some(path) = &args.predictions {
            write_predictions(path, predictions)
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        anyhow::Ok(Document { adapter: model.name, backbone: model.backbone_name, corpus: read.name, report })
    })?;
    let shown = screen::without_undefined(serde_json::to_value(&document)?);
    output.document(&shown, |out| screen::write(out, &document))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renaming_has_two_names() {
        assert_eq!(renaming("A=B"), Ok(("A".to_owned(), "B".to_owned())));
        for bad in ["A", "=B", "A=", ""] {
            assert!(renaming(bad).is_err(), "{bad}");
        }
    }
}
