//! Which columns of a CoNLL file are read.

use pedigree_trainer_core::corpus::ReadOptions;

/// How to read files whose columns are not word first, tag last.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ColumnArgs {
    /// Entity type to assume for files whose tags are only B, I and O, without a type
    #[arg(long, value_name = "TYPE")]
    entity_type: Option<String>,
    /// Column of the words, counted from 1 [default: the first, which must look like words]
    #[arg(long, value_name = "N", value_parser = column)]
    token_column: Option<usize>,
    /// Column of the tags, counted from 1 [default: the last]
    #[arg(long, value_name = "N", value_parser = column)]
    tag_column: Option<usize>,
}

impl ColumnArgs {
    /// The same for the reader.
    pub(crate) fn options(&self) -> ReadOptions {
        ReadOptions {
            entity_type: self.entity_type.clone(),
            token_column: self.token_column,
            tag_column: self.tag_column,
        }
    }
}

/// Reads a column's number.
pub(crate) fn column(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(column) if column > 0 => Ok(column),
        _ => Err("give a column's number, counted from 1".into()),
    }
}
