//! How a file is to be read.

/// How to read a split.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Entity type of bare `B` / `I` tags.
    pub entity_type: Option<String>,
    /// Column of the words, from 1; the first one if it is not given.
    pub token_column: Option<usize>,
    /// Column of the tags, from 1; the last one if it is not given.
    pub tag_column: Option<usize>,
}
