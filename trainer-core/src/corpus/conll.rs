//! The CoNLL reader: columns separated by tabs or by blanks, word first, tag last unless the options say otherwise, a blank
//! line after a sentence.
//!
//! Owns the order of reading, and that every line that is wrong is named. Must not know what separates columns, or what
//! tags mean.

use std::path::Path;

use super::columns::Columns;
use super::lines::{DOCUMENT, Line, lines};
use super::plausible::instead_of_words;
use super::scheme::{Tag, converted};
use super::{CorpusError, Fault, LineFault, ReadOptions, Sentence, Split};

/// Reads a split from a file.
///
/// # Errors
/// The lines that are wrong, or a file without sentences.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Split, CorpusError> {
    let bytes =
        std::fs::read(path).map_err(|source| CorpusError::Unreadable { path: path.to_owned(), source })?;
    parse(path, &bytes, options)
}

/// Reads a file whose columns nobody has vouched for. Unless the options name the column of words, it must look like one.
///
/// # Errors
/// As [`read`], or a first column of ids, numbers or tags.
pub fn read_foreign(path: &Path, options: &ReadOptions) -> Result<Split, CorpusError> {
    let split = read(path, options)?;
    match split.instead_of_words() {
        Some(found) if options.token_column.is_none() => {
            let first = split.sentences.iter().flat_map(|sentence| &sentence.tokens);
            let examples: Vec<String> = first.take(4).map(|word| format!("{word:?}")).collect();
            Err(CorpusError::NoWords { path: path.to_owned(), found, examples: examples.join(", ") })
        }
        _ => Ok(split),
    }
}

/// The column of a file that is read as tags, and others that hold tags too: nested entities, or chunks.
///
/// # Errors
/// A file that cannot be read.
pub fn tag_columns(path: &Path, options: &ReadOptions) -> Result<(usize, Vec<usize>), CorpusError> {
    let bytes =
        std::fs::read(path).map_err(|source| CorpusError::Unreadable { path: path.to_owned(), source })?;
    let texts = texts(&bytes);
    let is_tag = |field: &str| Tag::parse(field, options.entity_type.as_deref()).is_ok();
    Ok(Columns::of(&texts, options).tags(&texts, is_tag))
}

/// The lines of columns.
fn texts(bytes: &[u8]) -> Vec<&str> {
    let text = |line| match line {
        Ok(Line::Columns(text)) => Some(text),
        _ => None,
    };
    lines(bytes).filter_map(text).collect()
}

/// Reads a split from the bytes of a file; `path` only names it in errors.
///
/// # Errors
/// As [`read`].
pub fn parse(path: &Path, bytes: &[u8], options: &ReadOptions) -> Result<Split, CorpusError> {
    if bytes.is_empty() {
        return Err(CorpusError::empty(path, "the file is empty"));
    }
    let mut file = File::default();
    file.read(bytes, options);
    if file.rows.is_empty() && file.faults.is_empty() {
        return Err(CorpusError::empty(path, "the file holds no sentence"));
    }
    let whole: Vec<&[Tag]> =
        file.rows.iter().filter(|row| !row.is_damaged).map(|row| row.tags.as_slice()).collect();
    let (scheme, sentences) = converted(&whole);
    let rows = file.rows.into_iter().filter(|row| !row.is_damaged);
    let mut faults = file.faults;
    let mut read = Vec::with_capacity(sentences.len());
    for (row, (tags, wrong)) in rows.zip(sentences) {
        faults.extend(wrong.into_iter().map(|(at, fault)| LineFault { line: row.lines[at], fault }));
        read.push(Sentence { tokens: row.tokens, tags, document: row.document });
    }
    if faults.is_empty() {
        return Ok(Split { sentences: read, scheme, docstart_lines: file.documents });
    }
    faults.sort_by_key(|fault| fault.line);
    match tags_elsewhere(bytes, options, &faults) {
        Some(column) => Err(CorpusError::TagsElsewhere { path: path.to_owned(), column }),
        None => Err(CorpusError::lines(path, faults)),
    }
}

/// The column that holds the tags, where the last one holds none in most lines.
fn tags_elsewhere(bytes: &[u8], options: &ReadOptions, faults: &[LineFault]) -> Option<usize> {
    let texts = texts(bytes);
    let without_tag = faults.iter().filter(|fault| matches!(fault.fault, Fault::NotATag { .. })).count();
    if options.tag_column.is_some() || 2 * without_tag <= texts.len() {
        return None;
    }
    let is_tag = |field: &str| Tag::parse(field, options.entity_type.as_deref()).is_ok();
    Columns::of(&texts, options).holding_tags(&texts, is_tag).first().copied()
}

/// A sentence whose tags are still in the file's scheme, with the line of each word.
#[derive(Default)]
struct Row {
    tokens: Vec<String>,
    tags: Vec<Tag>,
    lines: Vec<usize>,
    document: Option<usize>,
    /// Whether one of its lines could not be read.
    is_damaged: bool,
}

/// What was read of a file so far.
#[derive(Default)]
struct File {
    rows: Vec<Row>,
    row: Row,
    documents: usize,
    faults: Vec<LineFault>,
}

impl File {
    fn read(&mut self, bytes: &[u8], options: &ReadOptions) {
        let texts = texts(bytes);
        let columns = Columns::of(&texts, options);
        for (index, line) in lines(bytes).enumerate() {
            let done = match line {
                Ok(Line::Columns(text)) => self.word(index + 1, text, columns, options),
                Ok(Line::Blank) => {
                    self.end_sentence();
                    Ok(())
                }
                Ok(Line::Document) => {
                    self.begin_document();
                    Ok(())
                }
                Err(fault) => Err(fault),
            };
            if let Err(fault) = done {
                self.row.is_damaged = true;
                self.faults.push(LineFault { line: index + 1, fault });
            }
        }
        self.end_sentence();
    }

    fn word(
        &mut self,
        line: usize,
        text: &str,
        columns: Columns,
        options: &ReadOptions,
    ) -> Result<(), Fault> {
        let (token, tag) = columns.read(text)?;
        if token.starts_with(DOCUMENT) {
            self.begin_document();
            return Ok(());
        }
        self.row.tags.push(Tag::parse(tag, options.entity_type.as_deref())?);
        self.row.tokens.push(token.into());
        self.row.lines.push(line);
        Ok(())
    }

    fn end_sentence(&mut self) {
        let ended = std::mem::take(&mut self.row);
        if !ended.tokens.is_empty() {
            self.rows.push(ended);
        }
        self.row.document = self.documents.checked_sub(1);
    }

    fn begin_document(&mut self) {
        self.documents += 1;
        self.end_sentence();
    }
}

impl Split {
    /// What the words are instead, if they cannot be words.
    pub fn instead_of_words(&self) -> Option<&'static str> {
        let words: Vec<_> = self.sentences.iter().map(|sentence| sentence.tokens.as_slice()).collect();
        instead_of_words(&words)
    }

    /// Whether nothing separates sentences: the file, or each of its documents, is a single one.
    pub fn is_unseparated(&self) -> bool {
        let words: usize = self.sentences.iter().map(|sentence| sentence.tokens.len()).sum();
        match self.docstart_lines {
            0 | 1 => self.sentences.len() == 1 && words > 1,
            documents => self.sentences.len() <= documents && words > 100 * self.sentences.len(),
        }
    }
}
