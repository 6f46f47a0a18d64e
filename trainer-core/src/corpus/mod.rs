//! Corpora: reading CoNLL columns in any of the usual tag schemes, their statistics, and what a model is given of
//! them (pieces, windows, batches).
//!
//! Owns what a sentence is. Must not know any model.

pub(crate) mod batch;
mod conll;
mod error;
mod labels;
pub(crate) mod pieces;
mod scheme;
mod statistics;
pub mod synth;
pub mod text;
pub(crate) mod windows;

use std::fmt::Write as _;

pub use conll::{ReadOptions, parse, read};
pub use error::{CorpusError, Fault};
pub use labels::LabelSet;
pub use scheme::Scheme;
pub use statistics::{Overlap, SplitStatistics, overlap};

/// A sentence: words and, for each, an IOB2 tag (`O`, `B-Type`, `I-Type`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sentence {
    /// Words, as in the file.
    pub tokens: Vec<String>,
    /// One IOB2 tag for each word.
    pub tags: Vec<String>,
    /// Index of its document, where the file marks documents (`-DOCSTART-`).
    pub document: Option<usize>,
}

/// One split of a corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Sentences in file order, tags in IOB2.
    pub sentences: Vec<Sentence>,
    /// The scheme in which the file was written.
    pub scheme: Scheme,
    /// `-DOCSTART-` lines skipped.
    pub docstart_lines: usize,
}

impl Split {
    /// The split in the canonical form: `token<TAB>tag` in IOB2, LF, a blank line after each sentence; where documents
    /// are known, `-DOCSTART-<TAB>O` and a blank line before each.
    pub fn to_canonical_conll(&self) -> String {
        let mut text = String::new();
        let mut document = None;
        for sentence in &self.sentences {
            if sentence.document != document {
                document = sentence.document;
                text.push_str("-DOCSTART-\tO\n\n");
            }
            for (token, tag) in sentence.tokens.iter().zip(&sentence.tags) {
                let _ = writeln!(text, "{token}\t{tag}");
            }
            text.push('\n');
        }
        text
    }
}
