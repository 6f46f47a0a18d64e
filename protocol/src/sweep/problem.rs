//! What is wrong with a search-space file, and where. Must not know the keys.

use std::fmt;

/// A place in a file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: u64,
    /// Column, in characters.
    pub column: u64,
}

/// One problem (or remark): where, at which key, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Place in the file; absent where the fault lies in a flag.
    pub position: Option<Position>,
    /// Dotted key such as `parameters.learning_rate.min`, or a flag; empty for the file as a whole.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Problem {
    /// A problem at a place in the file.
    pub fn at(position: Position, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { position: Some(position), key: key.into(), message: message.into() }
    }

    /// The problem as one line, `file:line:column: key: message`.
    pub fn line(&self, file: &str) -> String {
        let place = self.position.map_or(String::new(), |at| format!("{file}:{}:{}: ", at.line, at.column));
        let key = if self.key.is_empty() { String::new() } else { format!("{}: ", self.key) };
        format!("{place}{key}{}", self.message)
    }
}

/// All problems of one file; displayed one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    file: String,
    problems: Vec<Problem>,
}

impl Problems {
    /// Problems of the file of that name, sorted by place.
    pub fn new(file: impl Into<String>, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|p| p.position.map(|at| (at.line, at.column)));
        Self { file: file.into(), problems }
    }

    /// The problems, by place.
    pub fn list(&self) -> &[Problem] {
        &self.problems
    }

    /// The problems as lines.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.problems.iter().map(|p| p.line(&self.file))
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().collect::<Vec<_>>().join("\n"))
    }
}

impl std::error::Error for Problems {}

/// Problems and remarks while a file is read.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<Problem>,
}

impl Report {
    pub(super) fn fault(&mut self, at: Position, key: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem::at(at, key, message));
    }

    pub(super) fn note(&mut self, at: Position, key: impl Into<String>, message: impl Into<String>) {
        self.notes.push(Problem::at(at, key, message));
    }
}

/// `did you mean X?` where a known name is close, else all known names.
pub(super) fn hint(name: &str, known: &[&str]) -> String {
    let close = known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(&name.to_lowercase(), k), *k))
        .filter(|(distance, k)| *distance <= (k.len() / 3).max(1))
        .min();
    match close {
        Some((_, nearest)) => format!("did you mean {nearest}?"),
        None => format!("known: {}", known.join(", ")),
    }
}
