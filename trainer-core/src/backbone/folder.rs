//! Names inside the folder of a backbone, and how its JSON files are read.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::BackboneError;

/// Subfolder of a backbone or of a trained adapter that holds the adapter from which fine-tuning starts.
pub const START: &str = "dapt";

/// Files that say how text becomes pieces. A backbone has some of them.
pub const TOKENIZER_FILES: [&str; 6] = [
    "tokenizer.json",
    "vocab.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "spm.model",
];

/// Reads the JSON file at `path`.
///
/// # Errors
/// A file that is missing, or is not what `T` asks for.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, BackboneError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| BackboneError::Unreadable { path: path.to_owned(), source })?;
    serde_json::from_str(&text)
        .map_err(|error| BackboneError::Malformed { path: path.to_owned(), problem: error.to_string() })
}
