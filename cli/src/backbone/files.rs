//! A backbone's files: which ones of a folder belong to it, and the text that its hash is taken over.

use std::path::PathBuf;

use pedigree_protocol::artifact::ArtifactFile;
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

/// The text that a backbone's hash is taken over: a `HASH  NAME` line for each file, by name.
pub(super) fn listing<'a>(files: impl Iterator<Item = &'a ArtifactFile>) -> String {
    let mut lines: Vec<_> = files.map(|file| (&file.name, &file.sha256)).collect();
    lines.sort();
    lines.into_iter().map(|(name, sha256)| format!("{sha256}  {name}\n")).collect()
}
