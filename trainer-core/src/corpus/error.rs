//! What can be wrong with a corpus file: the place, the offending text, and what would be right.

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
    /// A line is wrong.
    #[error("{path}:{line}: {fault}", path = .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        fault: Fault,
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
    /// A tag of a split is outside the label set of train and dev.
    #[error("entity type {kind} of the {split} split occurs in neither train nor dev")]
    UnknownType {
        /// The type.
        kind: String,
        /// The split in which it was found.
        split: &'static str,
    },
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
    /// Prefixes of two schemes in one file.
    #[error("{tag:?} does not belong to scheme {scheme}, which the tags before it follow")]
    MixedSchemes {
        /// The tag.
        tag: String,
        /// The scheme that the rest of the file follows.
        scheme: &'static str,
    },
}

impl CorpusError {
    pub(crate) fn line(path: &Path, line: usize, fault: Fault) -> Self {
        Self::Line { path: path.to_owned(), line, fault }
    }

    pub(crate) fn empty(path: &Path, what: &'static str) -> Self {
        Self::Empty { path: path.to_owned(), what }
    }
}
