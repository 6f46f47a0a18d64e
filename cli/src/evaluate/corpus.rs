//! The corpus that `--on` means: a file, a folder, or a registered dataset.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use pedigree_protocol::ErrorCode;
use pedigree_protocol::client::{Client, ClientError};
use pedigree_trainer_core::corpus::{self, ReadOptions, Sentence};

use crate::connection::Connection;
use crate::data::split_file;
use crate::fetch;

/// A split of a folder or a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SplitName {
    Train,
    Dev,
    Test,
}

impl SplitName {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Dev => "dev",
            Self::Test => "test",
        }
    }
}

/// Where the sentences are.
#[derive(Debug)]
pub(super) struct Corpus {
    name: String,
    split: String,
    file: PathBuf,
    train: Option<PathBuf>,
    /// Whether its columns were checked when it was registered.
    is_registered: bool,
}

/// The sentences.
#[derive(Debug)]
pub(super) struct ReadCorpus {
    pub(super) name: String,
    pub(super) split: String,
    pub(super) sentences: Vec<Sentence>,
    pub(super) train: Option<Vec<Sentence>>,
}

/// Finds what `on` means; `train` is the training split of the command line.
pub(super) async fn find(
    on: &str,
    split: SplitName,
    train: Option<&Path>,
    connection: &Connection,
) -> anyhow::Result<Corpus> {
    let path = Path::new(on);
    let mut corpus = if path.is_file() {
        let stem = path.file_stem().map_or(on.into(), |stem| stem.to_string_lossy());
        Corpus {
            name: on.to_owned(),
            split: stem.into_owned(),
            file: path.to_owned(),
            train: None,
            is_registered: false,
        }
    } else if path.is_dir() {
        let name = format!("{on}, {}", split.name());
        let file = split_file(path, split.name())?;
        Corpus {
            name,
            split: split.name().to_owned(),
            file,
            train: split_file(path, "train").ok(),
            is_registered: false,
        }
    } else {
        registered(on, split, &connection.client()?).await?
    };
    if let Some(train) = train {
        corpus.train = Some(train.to_owned());
    }
    Ok(corpus)
}

async fn registered(name: &str, split: SplitName, client: &Client) -> anyhow::Result<Corpus> {
    if name.contains(std::path::MAIN_SEPARATOR) {
        bail!("{name}: no such file or folder");
    }
    let dataset = client
        .dataset(name)
        .await
        .with_context(|| format!("{name} is neither a file, a folder nor a registered dataset"))?;
    let splits = &dataset.spec.splits;
    let asked = match split {
        SplitName::Train => &splits.train,
        SplitName::Dev => &splits.dev,
        SplitName::Test => &splits.test,
    };
    let file = fetch::content(client, &asked.sha256).await.map_err(|error| sealed(error, name))?;
    let train = fetch::content(client, &splits.train.sha256).await?;
    let split = split.name().to_owned();
    Ok(Corpus {
        name: format!("dataset {name}, {split}"),
        split,
        file,
        train: Some(train),
        is_registered: true,
    })
}

/// Adds the way out to the server's refusal of a sealed split.
fn sealed(error: anyhow::Error, name: &str) -> anyhow::Error {
    let refused = error.chain().filter_map(|cause| cause.downcast_ref::<ClientError>());
    if refused.filter_map(ClientError::code).any(|code| code == ErrorCode::Sealed) {
        return error.context(format!(
            "the test split of {name} is opened only by a study's test run, which scores its final runs; evaluate on --split dev, \
             or on a test file of your own"
        ));
    }
    error
}

impl Corpus {
    /// Reads the sentences. Only the mentions of a training split are used.
    pub(super) fn read(&self, options: &ReadOptions) -> anyhow::Result<ReadCorpus> {
        let read = |file: &Path| {
            if self.is_registered {
                corpus::read(file, &ReadOptions::default())
            } else {
                corpus::read_foreign(file, options)
            }
        };
        let sentences = read(&self.file)?.sentences;
        let train = self.train.as_deref().map(read).transpose()?;
        Ok(ReadCorpus {
            name: self.name.clone(),
            split: self.split.clone(),
            sentences,
            train: train.map(|split| split.sentences),
        })
    }
}

impl ReadCorpus {
    /// One line about the corpus.
    pub(super) fn summary(&self) -> String {
        let words: usize = self.sentences.iter().map(|sentence| sentence.tokens.len()).sum();
        format!("{}: {} sentences, {words} words", self.name, self.sentences.len())
    }
}
