//! Predictions as a file: one JSON object a line for each sentence, from which scores and significance tests are
//! computed later without any model.
//!
//! Owns the shape of these lines. Must not know who predicted.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Counts, SentenceCounts};
use crate::corpus::Sentence;

/// What was predicted for one sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentencePrediction {
    /// `train`, `dev` or `test`.
    pub split: String,
    /// Index of the sentence in its split, from 0.
    pub index: usize,
    /// Index of its document, where the corpus marks documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<usize>,
    /// Words.
    pub tokens: usize,
    /// Predicted tag of each word.
    pub predicted: Vec<String>,
    /// Gold tag of each word.
    pub gold: Vec<String>,
    /// Counts under the strict protocol.
    pub strict: Counts,
    /// Counts under conlleval.
    pub conlleval: Counts,
    /// Counts over pieces.
    pub subtoken_all: Counts,
}

/// The lines of one split.
pub(crate) fn sentence_predictions(
    split: &str,
    gold: &[Sentence],
    predicted: &[Vec<String>],
    counts: &[SentenceCounts],
) -> impl Iterator<Item = SentencePrediction> {
    let rows = gold.iter().zip(predicted).zip(counts).enumerate();
    rows.map(move |(index, ((sentence, tags), counts))| SentencePrediction {
        split: split.to_owned(),
        index,
        document: sentence.document,
        tokens: sentence.tokens.len(),
        predicted: tags.clone(),
        gold: sentence.tags.clone(),
        strict: counts.strict,
        conlleval: counts.conlleval,
        subtoken_all: counts.subtoken_all,
    })
}

/// A file that holds no predictions.
#[derive(Debug, thiserror::Error)]
pub enum PredictionsError {
    /// It cannot be read.
    #[error("{path}: cannot be read: {source}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is no prediction.
    #[error(
        "{path}:{line}: no sentence of a predictions.jsonl: {source}; give what a final run or `pedigree evaluate \
         --predictions` wrote", path = .path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Writes one line for each sentence.
///
/// # Errors
/// What the file system said.
pub fn write_predictions(
    path: &Path,
    sentences: impl IntoIterator<Item = SentencePrediction>,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(std::fs::File::create(path)?);
    for sentence in sentences {
        serde_json::to_writer(&mut out, &sentence)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Reads what [`write_predictions`] wrote.
///
/// # Errors
/// The first line that is wrong.
pub fn read_predictions(path: &Path) -> Result<Vec<SentencePrediction>, PredictionsError> {
    let unreadable = |source| PredictionsError::Unreadable { path: path.to_owned(), source };
    let lines = io::BufReader::new(std::fs::File::open(path).map_err(unreadable)?).lines();
    let sentence = |(index, line): (usize, io::Result<String>)| {
        serde_json::from_str(&line.map_err(unreadable)?).map_err(|source| PredictionsError::Line {
            path: path.to_owned(),
            line: index + 1,
            source,
        })
    };
    lines.enumerate().map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::compare;

    #[test]
    fn a_file_comes_back_and_a_bad_line_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("predictions.jsonl");
        let tags = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let (gold, predicted) = (tags("B-D I-D O"), tags("B-D O O"));
        let counts = compare(&gold, &predicted, &[1, 2, 1]);
        let sentence = SentencePrediction {
            split: "test".into(),
            index: 0,
            document: None,
            tokens: 3,
            predicted,
            gold,
            strict: counts.strict,
            conlleval: counts.conlleval,
            subtoken_all: counts.subtoken_all,
        };
        write_predictions(&path, [sentence.clone()]).unwrap();
        assert_eq!(read_predictions(&path).unwrap(), [sentence]);
        std::fs::write(&path, "{\"split\": \"test\"}\n").unwrap();
        let error = read_predictions(&path).unwrap_err().to_string();
        assert!(error.contains("predictions.jsonl:1: no sentence"), "{error}");
    }
}
