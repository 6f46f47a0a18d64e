//! Reads text or CoNLL in batches of sentences with their positions.

use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail};
use clap::ValueEnum;
use pedigree_trainer_core::corpus::text::{TextSentence, Word, sentences};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum InputFormat {
    /// Raw text; a line end ends a sentence
    Text,
    /// CoNLL: a token in the first column of each line, a blank line after each sentence
    Conll,
}

impl InputFormat {
    /// The format that a file's extension means.
    pub(super) fn of(file: &Path) -> Self {
        let ending = file.extension().and_then(|ending| ending.to_str());
        if ending.is_some_and(|ending| ["conll", "tsv", "iob2"].contains(&ending)) {
            Self::Conll
        } else {
            Self::Text
        }
    }
}

/// Sentences and the text that they were read from. For CoNLL, the text is a line for each sentence, its tokens joined
/// by single spaces.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) text: String,
    pub(super) sentences: Vec<TextSentence>,
}

/// A reader of sentences. Positions count characters from the beginning.
pub(super) struct Source<R> {
    reader: BufReader<R>,
    format: InputFormat,
    line: usize,
    /// Characters read.
    offset: usize,
}

impl<R: Read> Source<R> {
    pub(super) fn new(reader: BufReader<R>, format: InputFormat) -> Self {
        Self { reader, format, line: 0, offset: 0 }
    }

    /// The next sentences: at least `most` if they are there, fewer when the other side of a pipe pauses; `None` at
    /// the end.
    pub(super) fn batch(&mut self, most: usize) -> anyhow::Result<Option<Batch>> {
        let mut batch = Batch::default();
        loop {
            let more = match self.format {
                InputFormat::Text => self.text_line(&mut batch)?,
                InputFormat::Conll => self.conll_sentence(&mut batch)?,
            };
            let pauses = self.reader.buffer().is_empty() && !batch.sentences.is_empty();
            if more && (batch.sentences.len() >= most || pauses) {
                return Ok(Some(batch));
            }
            if !more {
                return Ok(Some(batch).filter(|batch| !batch.text.is_empty()));
            }
        }
    }

    fn text_line(&mut self, batch: &mut Batch) -> anyhow::Result<bool> {
        let Some(line) = self.read_line()? else { return Ok(false) };
        batch.sentences.extend(sentences(&line, self.offset));
        self.offset += line.chars().count();
        batch.text.push_str(&line);
        Ok(true)
    }

    fn conll_sentence(&mut self, batch: &mut Batch) -> anyhow::Result<bool> {
        let mut words: Vec<Word> = Vec::new();
        let mut at = self.offset;
        let more = loop {
            let Some(line) = self.read_line()? else { break false };
            if line.starts_with("-DOCSTART-") {
                continue;
            }
            let Some(token) = line.split(if line.contains('\t') { '\t' } else { ' ' }).next().map(str::trim)
            else {
                continue;
            };
            if line.trim().is_empty() {
                break true;
            }
            if token.is_empty() {
                bail!("line {}: the first column is empty; give a token there", self.line);
            }
            let end = at + token.chars().count();
            words.push(Word { text: token.to_owned(), start: at, end });
            at = end + 1;
        };
        if words.is_empty() {
            return Ok(more);
        }
        let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        batch.text.push_str(&text);
        batch.text.push('\n');
        batch.sentences.push(TextSentence { text, start: self.offset, words });
        self.offset = at;
        // The end of the file is a batch of its own.
        Ok(true)
    }

    fn read_line(&mut self) -> anyhow::Result<Option<String>> {
        let mut bytes = Vec::new();
        let count = self.reader.read_until(b'\n', &mut bytes).context("reading")?;
        self.line += 1;
        if count == 0 {
            return Ok(None);
        }
        let line = String::from_utf8(bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
            .with_context(|| format!("line {} is not UTF-8; convert the file", self.line))?;
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, format: InputFormat, most: usize) -> Vec<Batch> {
        let mut source = Source::new(BufReader::new(text.as_bytes()), format);
        std::iter::from_fn(|| source.batch(most).unwrap()).collect()
    }

    #[test]
    fn places_go_on_over_lines_and_batches() {
        let text = "It was gout. No!\n\nα β\r\nlast";
        let batches = all(text, InputFormat::Text, 1);
        assert_eq!(batches.iter().map(|batch| batch.text.as_str()).collect::<String>(), text);
        let characters: Vec<char> = text.chars().collect();
        let sentences: Vec<_> = batches.iter().flat_map(|batch| &batch.sentences).collect();
        assert_eq!(sentences.len(), 4);
        for sentence in sentences {
            assert_eq!(characters[sentence.start..sentence.end()].iter().collect::<String>(), sentence.text);
        }
    }

    #[test]
    fn conll_becomes_a_line_a_sentence() {
        let text = "-DOCSTART- O\n\nIt\tO\nhurts\tO\n\n\nα B-D\nβ\n";
        let batches = all(text, InputFormat::Conll, 9);
        let whole: String = batches.iter().map(|batch| batch.text.as_str()).collect();
        assert_eq!(whole, "It hurts\nα β\n");
        let sentences: Vec<_> = batches.iter().flat_map(|batch| &batch.sentences).collect();
        assert_eq!((sentences[1].start, sentences[1].words[1].start, sentences[1].end()), (9, 11, 12));
        assert!(all("", InputFormat::Conll, 9).is_empty());
    }

    #[test]
    fn a_pause_in_a_pipe_ends_a_batch() {
        let (mut near, far) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut source = Source::new(BufReader::new(far), InputFormat::Text);
        io::Write::write_all(&mut near, b"It was gout.\n").unwrap();
        assert_eq!(source.batch(100).unwrap().unwrap().sentences.len(), 1);
        io::Write::write_all(&mut near, b"One. Two.\n").unwrap();
        drop(near);
        assert_eq!(source.batch(100).unwrap().unwrap().sentences.len(), 2);
        assert!(source.batch(100).unwrap().is_none());
    }

    #[test]
    fn other_encodings_are_refused_with_the_line() {
        let mut source = Source::new(BufReader::new(&b"a\n\xff\n"[..]), InputFormat::Text);
        let error = format!("{:#}", source.batch(9).unwrap_err());
        assert!(error.starts_with("line 2 is not UTF-8"), "{error}");
    }
}
