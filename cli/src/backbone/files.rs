//! A backbone's files: which files of a folder belong to it.

use std::path::PathBuf;

use pedigree_trainer_core::backbone::TOKENIZER_FILES;

/// The files of a backbone beside its weights. Those that exist are registered.
pub(super) fn other_files() -> impl Iterator<Item = &'static str> {
    std::iter::once("config.json").chain(TOKENIZER_FILES)
}

/// A backbone on this machine.
pub(super) struct Located {
    pub(super) folder: PathBuf,
    pub(super) source: String,
    pub(super) revision: Option<String>,
}
