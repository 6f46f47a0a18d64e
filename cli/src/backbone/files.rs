//! A backbone's files: which files of a folder belong to it.

use std::path::PathBuf;

use pedigree_trainer_core::backbone::TOKENIZER_FILES;

/// The weights files that training reads, the preferred one first. Only one is registered.
pub(super) const WEIGHTS: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

/// The other files of a backbone. Those that exist are registered.
pub(super) fn other_files() -> impl Iterator<Item = &'static str> {
    std::iter::once("config.json").chain(TOKENIZER_FILES)
}

/// A backbone on this machine.
pub(super) struct Located {
    pub(super) folder: PathBuf,
    pub(super) source: String,
    pub(super) revision: Option<String>,
}
