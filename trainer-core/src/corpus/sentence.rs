//! A sentence with its tags, and a split of a corpus.

use std::fmt::Write as _;

use super::Scheme;

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
