//! JSON files as a training leaves them: indented, with a line break at the end. Must not know what they hold.

use std::io;
use std::path::Path;

use serde::Serialize;

/// Writes `value` to the file at `path`.
///
/// # Errors
/// What the file system said.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    std::fs::write(path, serde_json::to_string_pretty(value)? + "\n")
}
