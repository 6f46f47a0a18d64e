//! Names inside the folder of a backbone, and how its files are read.

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

/// The first line of what Git keeps in place of a large file.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// Reads the file at `path`.
///
/// # Errors
/// A file that is missing, or in whose place something else was downloaded.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, BackboneError> {
    let bytes =
        std::fs::read(path).map_err(|source| BackboneError::Unreadable { path: path.to_owned(), source })?;
    match stands_in(&bytes) {
        None => Ok(bytes),
        Some(problem) => Err(BackboneError::Malformed { path: path.to_owned(), problem: problem.into() }),
    }
}

/// What a download left in place of the file, if it did.
fn stands_in(bytes: &[u8]) -> Option<&'static str> {
    let start = bytes.trim_ascii_start();
    let start = start.strip_prefix("\u{feff}".as_bytes()).unwrap_or(start).trim_ascii_start();
    let begins = |tag: &[u8]| start.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    if bytes.is_empty() {
        Some("the file is empty; download it again")
    } else if start.starts_with(LFS_POINTER) {
        Some(
            "a pointer of Git LFS, not the file itself; run `git lfs pull` in its repository, or download the file",
        )
    } else if bytes.starts_with(b"\x1f\x8b") {
        Some("compressed by gzip; unpack it (gunzip)")
    } else if start.starts_with(b"{\"error\"") || begins(b"<?xml") {
        Some("an error that a server sent, not the file itself; download the file again")
    } else if [b"<!doctype html".as_slice(), b"<html", b"<head", b"<!--"].into_iter().any(begins) {
        Some(
            "a web page, not the file itself; download the file from its link for downloads (on the hub .../resolve/main/...)",
        )
    } else {
        None
    }
}

/// Reads the JSON file at `path`.
///
/// # Errors
/// A file that is missing, or is not what `T` asks for.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, BackboneError> {
    serde_json::from_slice(&read_bytes(path)?)
        .map_err(|error| BackboneError::Malformed { path: path.to_owned(), problem: error.to_string() })
}
