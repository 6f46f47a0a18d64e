//! Predictions as JSON lines, CoNLL columns or brat's standoff.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use clap::ValueEnum;
use pedigree_trainer_core::ScoringProtocol;
use pedigree_trainer_core::corpus::text::TextSentence;
use pedigree_trainer_core::score::{Mention, entities};
use serde::Serialize;

use super::input::Batch;

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One JSON object for each sentence; positions count characters of the input
    Jsonl,
    /// CoNLL: a word and its tag in each line, a blank line after each sentence
    Conll,
    /// brat: the files NAME.txt and NAME.ann for each input, in --out
    Brat,
}

/// One line of JSON.
#[derive(Debug, Serialize)]
struct Line<'a> {
    document: &'a str,
    start: usize,
    end: usize,
    text: &'a str,
    entities: Vec<Mention>,
}

/// Where the predictions of one input go.
pub(super) struct Sink<'a> {
    document: &'a str,
    to: To,
}

enum To {
    Jsonl(BufWriter<Box<dyn Write>>),
    Conll(BufWriter<Box<dyn Write>>),
    Brat { text: BufWriter<File>, annotations: BufWriter<File>, number: usize },
}

impl<'a> Sink<'a> {
    /// Opens the sink of the input called `document`; brat's files are made in `folder`.
    pub(super) fn open(format: Format, document: &'a str, folder: Option<&Path>) -> anyhow::Result<Self> {
        let stdout = || BufWriter::new(Box::new(io::stdout()) as Box<dyn Write>);
        let to = match (format, folder) {
            (Format::Brat, Some(folder)) => brat(document, folder)?,
            (Format::Conll, _) => To::Conll(stdout()),
            _ => To::Jsonl(stdout()),
        };
        Ok(Self { document, to })
    }

    /// Writes a batch at once; returns its number of entities.
    pub(super) fn write(&mut self, batch: &Batch, tags: &[Vec<String>]) -> anyhow::Result<usize> {
        let mut count = 0;
        for (sentence, tags) in batch.sentences.iter().zip(tags) {
            let mentions = mentions(sentence, tags);
            count += mentions.len();
            self.sentence(sentence, tags, mentions)?;
        }
        match &mut self.to {
            To::Jsonl(out) | To::Conll(out) => out.flush()?,
            To::Brat { text, .. } => text.write_all(batch.text.as_bytes())?,
        }
        Ok(count)
    }

    fn sentence(
        &mut self,
        sentence: &TextSentence,
        tags: &[String],
        mentions: Vec<Mention>,
    ) -> anyhow::Result<()> {
        match &mut self.to {
            To::Jsonl(out) => {
                let (start, end, text) = (sentence.start, sentence.end(), sentence.text.as_str());
                let line = Line { document: self.document, start, end, text, entities: mentions };
                serde_json::to_writer(&mut *out, &line)?;
                out.write_all(b"\n")?;
            }
            To::Conll(out) => {
                for (word, tag) in sentence.words.iter().zip(tags) {
                    writeln!(out, "{}\t{tag}", word.text)?;
                }
                writeln!(out)?;
            }
            To::Brat { annotations, number, .. } => {
                for Mention { kind, start, end, text } in mentions {
                    *number += 1;
                    writeln!(annotations, "T{number}\t{} {start} {end}\t{text}", brat_type(&kind))?;
                }
            }
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        match self.to {
            To::Jsonl(mut out) | To::Conll(mut out) => out.flush()?,
            To::Brat { mut text, mut annotations, .. } => {
                text.flush()?;
                annotations.flush()?;
            }
        }
        Ok(())
    }
}

fn brat(document: &str, folder: &Path) -> anyhow::Result<To> {
    let stem = Path::new(document).file_stem().map_or("stdin".into(), |stem| stem.to_string_lossy());
    let stem = if document == "-" { "stdin" } else { &stem };
    let create = |ending: &str| {
        let path = folder.join(format!("{stem}.{ending}"));
        File::create_new(&path)
            .map(BufWriter::new)
            .with_context(|| format!("{} cannot be written", path.display()))
    };
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(To::Brat { text: create("txt")?, annotations: create("ann")?, number: 0 })
}

/// brat separates a type from the positions by a blank, so that a type has none.
fn brat_type(kind: &str) -> String {
    kind.replace(char::is_whitespace, "_")
}

/// The entities of a sentence, with positions in the whole input.
fn mentions(sentence: &TextSentence, tags: &[String]) -> Vec<Mention> {
    let mention = |entity: &pedigree_trainer_core::score::Entity<'_>| Mention {
        kind: entity.kind.to_owned(),
        start: sentence.words[entity.first].start,
        end: sentence.words[entity.last].end,
        text: sentence.stretch(entity.first, entity.last),
    };
    entities(tags, ScoringProtocol::Strict).iter().map(mention).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pedigree_trainer_core::corpus::text::sentences;

    fn batch() -> (Batch, Vec<Vec<String>>) {
        let text = "α hurts. Severe  gout, too.\n";
        let tags = ["B-D O O", "B-D I-D O O O"].map(|tags| tags.split(' ').map(String::from).collect());
        (Batch { text: text.to_owned(), sentences: sentences(text, 0) }, tags.to_vec())
    }

    #[test]
    fn mentions_stand_as_in_the_text() {
        let (batch, tags) = batch();
        let found = mentions(&batch.sentences[1], &tags[1]);
        assert_eq!((found[0].start, found[0].end, found[0].text.as_str()), (9, 21, "Severe  gout"));
    }

    #[test]
    fn a_type_with_a_blank_stays_one_word_in_brats_files() {
        let (batch, mut tags) = batch();
        tags[0][0] = "B-Body part".into();
        let folder = tempfile::tempdir().unwrap();
        let mut sink = Sink::open(Format::Brat, "a.txt", Some(folder.path())).unwrap();
        sink.write(&batch, &tags).unwrap();
        sink.finish().unwrap();
        let annotations = std::fs::read_to_string(folder.path().join("a.ann")).unwrap();
        assert!(annotations.starts_with("T1\tBody_part 0 1\tα\n"), "{annotations}");
    }

    #[test]
    fn brat_files_come_in_pairs_and_are_not_overwritten() {
        let (batch, tags) = batch();
        let folder = tempfile::tempdir().unwrap();
        let open = || Sink::open(Format::Brat, "notes/a.txt", Some(folder.path()));
        let mut sink = open().unwrap();
        assert_eq!(sink.write(&batch, &tags).unwrap(), 2);
        sink.finish().unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("a.txt"), batch.text);
        assert_eq!(read("a.ann"), "T1\tD 0 1\tα\nT2\tD 9 21\tSevere  gout\n");
        assert!(format!("{:#}", open().err().unwrap()).contains("a.txt cannot be written"));
    }
}
