//! What can be wrong with a corpus file: the place, the offending text, and what would be right.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A corpus that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// The file cannot be read at all.
    #[error("{path}: cannot be read: {source}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Lines are wrong.
    #[error("{}", written(path, faults, *more))]
    Lines {
        /// The file.
        path: PathBuf,
        /// The first of them, by line.
        faults: Vec<LineFault>,
        /// How many others there are.
        more: usize,
    },
    /// What was read as words cannot be words.
    #[error(
        "{path}: the first column holds {found} ({examples}), not words; name the column of words with --token-column N and \
         that of tags with --tag-column N, counted from 1 (in a job file: token_column and tag_column)",
        path = .path.display()
    )]
    NoWords {
        /// The file.
        path: PathBuf,
        /// What it holds instead.
        found: &'static str,
        /// The first ones.
        examples: String,
    },
    /// The last column holds no tags, but another one does.
    #[error(
        "{path}: the last column holds no tags, but column {column} does; name it with --tag-column {column}, and the column of \
         words with --token-column N, counted from 1 (in a job file: tag_column and token_column)",
        path = .path.display()
    )]
    TagsElsewhere {
        /// The file.
        path: PathBuf,
        /// The column, from 1.
        column: usize,
    },
    /// The file holds no sentence.
    #[error("{path}: {what}; give one token and its tag a line, and a blank line after each sentence", path = .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// `the file is empty`, or what it holds instead of sentences.
        what: &'static str,
    },
    /// An entity type occurs only in test: no model trained on this corpus could know it.
    #[error(
        "entity type {0} occurs only in the test split; move sentences with it into train, or drop the type"
    )]
    TypeOnlyInTest(String),
    /// Neither train nor dev has an entity.
    #[error("neither train nor dev holds an entity; nothing could be learned")]
    NoEntities,
    /// One of the two has no entity.
    #[error(
        "{split} holds no entity; nothing could be learned or measured. Check the column of tags, or split the corpus anew"
    )]
    NoEntitiesIn {
        /// Train or dev.
        split: &'static str,
    },
    /// Train and dev are the same.
    #[error("train and dev are the same sentences; dev must hold others, or its scores say nothing")]
    TrainIsDev,
    /// A tag of a split is outside the label set of train and dev.
    #[error("entity type {kind} of the {split} split occurs in neither train nor dev")]
    UnknownType {
        /// The type.
        kind: String,
        /// The split in which it was found.
        split: &'static str,
    },
}

/// A line that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// How many lines an error shows.
const SHOWN: usize = 20;

/// One line of text for each line that is wrong.
fn written(path: &Path, faults: &[LineFault], more: usize) -> String {
    let one = |LineFault { line, fault }: &LineFault| format!("{}:{line}: {fault}", path.display());
    let mut text = faults.iter().map(one).collect::<Vec<_>>().join("\n");
    if more > 0 {
        let _ = write!(text, "\n{}: {more} more lines are wrong", path.display());
    }
    text
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not UTF-8.
    #[error("not valid UTF-8 (byte {byte} of the line, after {before:?}); convert the file to UTF-8")]
    NotUtf8 {
        /// First wrong byte, from 1.
        byte: usize,
        /// What could be read before it.
        before: String,
    },
    /// A line with one column.
    #[error("{text:?} has one column; give a token and a tag, separated by a tab or blanks")]
    OneColumn {
        /// The line.
        text: String,
    },
    /// A line without a tab in a file of tabs.
    #[error(
        "{text:?} holds no tab, which separates the columns of this file; separate token and tag by a tab"
    )]
    NoTab {
        /// The line.
        text: String,
    },
    /// A line whose only white space is neither a blank nor a tab.
    #[error(
        "{text:?} has one column, since {space} separates none; separate token and tag by a tab or a blank"
    )]
    OddSeparator {
        /// The line.
        text: String,
        /// The character.
        space: String,
    },
    /// A line with other columns than most lines.
    #[error("{text:?} has {found} columns, but most lines of the file have {usual}{hint}")]
    Columns {
        /// The line.
        text: String,
        /// Its columns.
        found: usize,
        /// Those of most lines.
        usual: usize,
        /// The way out.
        hint: &'static str,
    },
    /// A column was asked for that the file does not have.
    #[error("there is no column {column}: the file has {count}")]
    NoSuchColumn {
        /// The column, from 1.
        column: usize,
        /// Columns of the file.
        count: usize,
    },
    /// A line whose column of words is empty.
    #[error("{text:?} has no word: its column {column} is empty; --token-column names another column")]
    EmptyToken {
        /// The line.
        text: String,
        /// The column, from 1.
        column: usize,
    },
    /// A word of nothing but white space.
    #[error("the word is blank ({space}), which no model sees; remove the line, or write a visible word")]
    BlankToken {
        /// Its first character.
        space: String,
    },
    /// A tag outside every known scheme.
    #[error("{tag:?} is no tag; tags are O, or one of B- I- E- S- L- U- followed by an entity type")]
    NotATag {
        /// The tag.
        tag: String,
    },
    /// A tag with a prefix and a dash but no type.
    #[error("{tag:?} names no entity type after the dash")]
    NoType {
        /// The tag.
        tag: String,
    },
    /// A tag without a type, and no type was given for the corpus.
    #[error(
        "{tag:?} names no entity type; if all entities of this corpus are of one type, name it with --entity-type"
    )]
    BareTag {
        /// The tag.
        tag: String,
    },
    /// An inside tag that continues nothing, in a scheme where that is an error.
    #[error("{tag:?} continues no entity: before it stands {before:?} (scheme {scheme})")]
    Orphan {
        /// The tag.
        tag: String,
        /// The tag before it; `O` at the start of a sentence.
        before: String,
        /// The scheme of the file.
        scheme: &'static str,
    },
    /// An entity of IOBES or BILOU that is not closed where it ends.
    #[error("the entity that {tag:?} opens or continues is not closed: {after:?} follows (scheme {scheme})")]
    Unclosed {
        /// The last tag of the entity.
        tag: String,
        /// The tag that follows; `end of sentence` at the end.
        after: String,
        /// The scheme of the file.
        scheme: &'static str,
    },
    /// A `B-` where IOB1 writes `I-`.
    #[error(
        "{tag:?} opens an entity that touches no other: scheme IOB1, which the rest of the file follows, writes I- there"
    )]
    NeedlessBegin {
        /// The tag.
        tag: String,
    },
    /// Prefixes of two schemes in one file.
    #[error("{tag:?} does not belong to scheme {scheme}, which the rest of the file follows")]
    MixedSchemes {
        /// The tag.
        tag: String,
        /// The scheme that the rest of the file follows.
        scheme: &'static str,
    },
}

impl CorpusError {
    /// Shows the first of the lines that are wrong.
    pub(crate) fn lines(path: &Path, mut faults: Vec<LineFault>) -> Self {
        let more = faults.len().saturating_sub(SHOWN);
        faults.truncate(SHOWN);
        Self::Lines { path: path.to_owned(), faults, more }
    }

    pub(crate) fn empty(path: &Path, what: &'static str) -> Self {
        Self::Empty { path: path.to_owned(), what }
    }
}
