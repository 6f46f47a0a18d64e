//! Small documents that outlive their process.

use std::fs::File;
use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes a document in one step, so that whoever finds the file finds it whole.
pub(crate) fn write(file: &Path, content: &impl Serialize) -> io::Result<()> {
    let draft = file.with_extension("draft");
    let mut written = File::create(&draft)?;
    serde_json::to_writer(&mut written, content)?;
    written.sync_all()?;
    std::fs::rename(draft, file)
}

/// The document in a file; `None` where there is none, or another one.
pub(crate) fn read<T: DeserializeOwned>(file: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}
