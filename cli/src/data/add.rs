//! `pedigree data add`: reads three splits, checks them against each other, and stores them in canonical form.

use std::path::Path;

use anyhow::bail;
use pedigree_protocol::client::Client;
use pedigree_protocol::dataset::{DatasetSpec, Split, Splits};
use pedigree_trainer_core::corpus::{self, ReadOptions};

use super::checks::Corpus;
use super::columns::ColumnArgs;
use super::show::write_dataset;
use super::splits::{SplitArgs, SplitFiles};
use crate::connection::Connection;
use crate::output::Output;
use crate::upload;

#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// Name of the dataset: letters, digits, '.', '_' and '-'
    name: String,
    #[command(flatten)]
    splits: SplitArgs,
    #[command(flatten)]
    columns: ColumnArgs,
    /// Mark the dataset as synthetic; a folder made by `pedigree data synth` is recognised without this flag
    #[arg(long)]
    synthetic: bool,
}

/// A split in both forms.
struct Prepared {
    content: Vec<u8>,
    corpus: corpus::Split,
    record: Split,
}

pub(super) async fn run(args: AddArgs, connection: &Connection, output: Output) -> anyhow::Result<()> {
    let files = args.splits.find()?;
    let options = args.columns.options();
    let (train, dev, test) =
        (prepare(&files.train, &options)?, prepare(&files.dev, &options)?, prepare(&files.test, &options)?);
    check_distinct([("train", &train), ("dev", &dev), ("test", &test)])?;
    let splits = Corpus { train: &train.corpus, dev: &dev.corpus, test: &test.corpus };
    let labels = splits.check()?;
    splits.warn(output);
    warn_of_columns(&files.train, &options, output)?;
    let overlap = corpus::overlap(&train.corpus, &test.corpus);
    let client = connection.client()?;
    upload(&client, [(&train, false), (&dev, false), (&test, true)]).await?;
    let spec = DatasetSpec {
        name: args.name,
        splits: Splits { train: train.record, dev: dev.record, test: test.record },
        entity_types: labels.types().to_vec(),
        test_in_train: u64::try_from(overlap.sentences)?,
        test_in_train_long: u64::try_from(overlap.longer_than_5)?,
        synthetic: args.synthetic || SplitArgs::is_synthetic(&files),
        source: source(args.splits.folder.as_deref(), &files),
    };
    let dataset = client.add_dataset(&spec).await?;
    output.document(&dataset, |screen| write_dataset(screen, &dataset))
}

/// Tells of further columns of tags, unless the command names one.
fn warn_of_columns(train: &Path, options: &ReadOptions, output: Output) -> anyhow::Result<()> {
    let (read, others) = corpus::tag_columns(train, options)?;
    if let (None, Some(other)) = (options.tag_column, others.first()) {
        output.note(&format!(
            "warning: column {other} of {} holds tags too; column {read} is read; --tag-column names another",
            train.display()
        ));
    }
    Ok(())
}

/// Refuses two splits with one content, before anything is sent.
fn check_distinct(splits: [(&str, &Prepared); 3]) -> anyhow::Result<()> {
    for (place, (name, split)) in splits.iter().enumerate() {
        let same = |(_, other): &&(&str, &Prepared)| other.record.sha256 == split.record.sha256;
        if let Some((other, _)) = splits[place + 1..].iter().find(same) {
            bail!("{name} and {other} are one file: they have the same sentences; give another {other} file");
        }
    }
    Ok(())
}

fn prepare(path: &Path, options: &ReadOptions) -> anyhow::Result<Prepared> {
    let corpus = corpus::read_foreign(path, options)?;
    let content = corpus.to_canonical_conll().into_bytes();
    let counts = corpus.statistics();
    let entities = counts.entities_by_type.into_iter().map(|(kind, count)| Ok((kind, u64::try_from(count)?)));
    let record = Split {
        sha256: upload::hash(&content)?,
        bytes: i64::try_from(content.len())?,
        scheme: corpus.scheme.name().to_owned(),
        sentences: u64::try_from(counts.sentences)?,
        tokens: u64::try_from(counts.tokens)?,
        entities: entities.collect::<anyhow::Result<_>>()?,
        longest_sentence: u64::try_from(counts.longest_sentence)?,
    };
    Ok(Prepared { content, corpus, record })
}

async fn upload(client: &Client, splits: [(&Prepared, bool); 3]) -> anyhow::Result<()> {
    for (split, sealed) in splits {
        client.put_artifact(&split.record.sha256, sealed, split.content.clone()).await?;
    }
    Ok(())
}

fn source(folder: Option<&Path>, files: &SplitFiles) -> String {
    match folder {
        Some(folder) => folder.display().to_string(),
        None => [&files.train, &files.dev, &files.test].map(|file| file.display().to_string()).join(", "),
    }
}
