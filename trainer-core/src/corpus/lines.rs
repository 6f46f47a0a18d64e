//! The lines of a corpus file.
//!
//! Owns line ends and what else surrounds a line. Must not know columns.

use super::Fault;

/// A line that holds columns, or what stands between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// The text of columns.
    Columns(&'a str),
    /// A blank line.
    Blank,
    /// The mark of a document (`-DOCSTART-`).
    Document,
}

/// What the lines of documents begin with.
pub(super) const DOCUMENT: &str = "-DOCSTART-";

/// Characters that may surround a line. Files put together keep their byte order marks.
const MARGIN: [char; 2] = ['\u{feff}', ' '];

/// The lines of a file. A line ends with LF, CR LF, or a CR of its own, as old Macs wrote.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = Result<Line<'_>, Fault>> {
    bytes
        .split(|&byte| byte == b'\n')
        .flat_map(|line| without_end(line).split(|&byte| byte == b'\r'))
        .map(read)
}

/// Several CR before an LF are one line end.
fn without_end(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = line.strip_suffix(b"\r") {
        line = rest;
    }
    line
}

fn read(line: &[u8]) -> Result<Line<'_>, Fault> {
    let text = text(line)?.trim_start_matches(MARGIN);
    if text.starts_with(DOCUMENT) {
        Ok(Line::Document)
    } else if text.trim().is_empty() {
        Ok(Line::Blank)
    } else {
        Ok(Line::Columns(text))
    }
}

fn text(line: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(line).map_err(|error| {
        let before = String::from_utf8_lossy(&line[..error.valid_up_to()]).into_owned();
        Fault::NotUtf8 { byte: error.valid_up_to() + 1, before }
    })
}

/// A word without the blanks and marks around it. Other white space is part of the word.
pub(super) fn word(field: &str) -> &str {
    field.trim_start_matches(MARGIN).trim_end_matches(' ')
}
