//! Reads text or CoNLL in batches of sentences with their positions.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail};
use clap::ValueEnum;
use pedigree_trainer_core::corpus::instead_of_words;
use pedigree_trainer_core::corpus::text::{TextSentence, Word, sentences};

/// From how many sentences and words can be told whether a column holds words.
const FEWEST_SENTENCES: usize = 3;
const FEWEST_WORDS: usize = 30;

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
    token_column: Option<usize>,
    line: usize,
    /// Whether what was read looks like words.
    is_checked: bool,
    /// Columns of the lines before.
    columns: Option<usize>,
    /// Lines that were read at once.
    pending: VecDeque<String>,
    /// Characters read.
    offset: usize,
}

impl<R: Read> Source<R> {
    pub(super) fn new(reader: BufReader<R>, format: InputFormat, token_column: Option<usize>) -> Self {
        let (columns, pending) = (None, VecDeque::new());
        Self { reader, format, token_column, line: 0, is_checked: false, columns, pending, offset: 0 }
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
            let is_drained = self.pending.is_empty() && self.reader.buffer().is_empty();
            let pauses = is_drained && !batch.sentences.is_empty();
            if more && (batch.sentences.len() >= most || pauses) {
                self.check_words(&batch)?;
                return Ok(Some(batch));
            }
            if !more {
                self.check_words(&batch)?;
                return Ok(Some(batch).filter(|batch| !batch.text.is_empty()));
            }
        }
    }

    /// Refuses columns that hold no words, once enough of them have been read to tell.
    fn check_words(&mut self, batch: &Batch) -> anyhow::Result<()> {
        let is_due = self.format == InputFormat::Conll && self.token_column.is_none() && !self.is_checked;
        let words: usize = batch.sentences.iter().map(|sentence| sentence.words.len()).sum();
        if !is_due || batch.sentences.len() < FEWEST_SENTENCES || words < FEWEST_WORDS {
            return Ok(());
        }
        self.is_checked = true;
        let of = |sentence: &TextSentence| sentence.words.iter().map(|word| word.text.clone()).collect();
        let sentences: Vec<Vec<String>> = batch.sentences.iter().map(of).collect();
        let Some(found) = instead_of_words(&sentences.iter().map(Vec::as_slice).collect::<Vec<_>>()) else {
            return Ok(());
        };
        bail!(
            "line {}: the first column up to here holds {found}, not words; name the column of words with --token-column N, \
             counted from 1",
            self.line
        )
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
            let Some(line) = self.conll_line()? else { break false };
            if line.starts_with("-DOCSTART-") {
                continue;
            }
            if line.trim().is_empty() {
                break true;
            }
            let token = self.token(&line)?;
            let end = at + token.chars().count();
            words.push(Word { text: token, start: at, end });
            at = end + 1;
        };
        if words.is_empty() {
            return Ok(more);
        }
        let tokens: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let text = tokens.join(" ");
        batch.text.push_str(&text);
        batch.text.push('\n');
        batch.sentences.push(TextSentence { text, start: self.offset, words });
        self.offset = at;
        // The end of the file is a batch of its own.
        Ok(true)
    }

    /// The word of a line. Only blanks and tabs separate columns; a tab, where there is one, is the only separator.
    fn token(&mut self, line: &str) -> anyhow::Result<String> {
        let number = self.line;
        let fields: Vec<&str> = if line.contains('\t') {
            line.split('\t').map(|field| field.trim_matches(' ')).collect()
        } else {
            line.split(' ').filter(|field| !field.is_empty()).collect()
        };
        // Lines of a word only may stand among others.
        let usual = *self.columns.get_or_insert(fields.len());
        if !line.contains('\t') && fields.len() > 1 && usual > 1 && fields.len() != usual {
            bail!(
                "line {number} has {} columns, but the lines before it have {usual}; where a word holds a blank, separate the \
                 columns by tabs",
                fields.len()
            );
        }
        let column = self.token_column.unwrap_or(1);
        let token = fields.get(column - 1).copied().unwrap_or_default();
        if token.trim().is_empty() {
            bail!(
                "line {number}: column {column} is empty or blank; give a word there, or name another --token-column"
            );
        }
        Ok(token.to_owned())
    }

    /// A line without its end, which may be a CR only, and without a byte order mark.
    fn conll_line(&mut self) -> anyhow::Result<Option<String>> {
        if self.pending.is_empty() {
            let Some(line) = self.read_line()? else { return Ok(None) };
            let line = line.trim_end_matches(['\n', '\r']);
            self.pending
                .extend(line.split('\r').map(|line| line.trim_start_matches(['\u{feff}', ' ']).to_owned()));
        }
        Ok(self.pending.pop_front())
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
        let mut source = Source::new(BufReader::new(text.as_bytes()), format, None);
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

    fn conll(text: &str, token_column: Option<usize>) -> Result<String, String> {
        let mut source = Source::new(BufReader::new(text.as_bytes()), InputFormat::Conll, token_column);
        source.batch(99).map(|batch| batch.unwrap_or_default().text).map_err(|error| error.to_string())
    }

    #[test]
    fn predictions_read_words_and_not_ids_and_drop_nothing() {
        let ids = "7\tIt\n7\twas\n7\tgout\n7\tof\n7\tthe\n7\tknee\n";
        let refusal = conll(&format!("{ids}\n").repeat(5), None).unwrap_err();
        assert!(
            refusal.contains("one value that is repeated") && refusal.contains("--token-column"),
            "{refusal}"
        );
        assert_eq!(conll(ids, Some(2)).unwrap(), "It was gout of the knee\n");
        assert_eq!(conll("It O\rhurts O\r\rNo O\r", None).unwrap(), "It hurts\nNo\n");
        assert_eq!(conll("0.5\u{a0}mg O\nof O\n", None).unwrap(), "0.5\u{a0}mg of\n");
        let refusal = conll("of O\n0.5\u{a0} mg O\n", None).unwrap_err();
        assert!(refusal.starts_with("line 2 has 3 columns, but the lines before it have 2"), "{refusal}");
        assert!(
            conll("of\tO\n\u{3000}\tO\n", None)
                .unwrap_err()
                .starts_with("line 2: column 1 is empty or blank")
        );
    }

    #[test]
    fn a_pause_in_a_pipe_ends_a_batch() {
        let (mut near, far) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut source = Source::new(BufReader::new(far), InputFormat::Text, None);
        io::Write::write_all(&mut near, b"It was gout.\n").unwrap();
        assert_eq!(source.batch(100).unwrap().unwrap().sentences.len(), 1);
        io::Write::write_all(&mut near, b"One. Two.\n").unwrap();
        drop(near);
        assert_eq!(source.batch(100).unwrap().unwrap().sentences.len(), 2);
        assert!(source.batch(100).unwrap().is_none());
    }

    #[test]
    fn other_encodings_are_refused_with_the_line() {
        let mut source = Source::new(BufReader::new(&b"a\n\xff\n"[..]), InputFormat::Text, None);
        let error = format!("{:#}", source.batch(9).unwrap_err());
        assert!(error.starts_with("line 2 is not UTF-8"), "{error}");
    }
}
