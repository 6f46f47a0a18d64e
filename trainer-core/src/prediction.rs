//! Predictions as a file: one JSON object a line for each sentence, from which scores and significance tests are
//! computed later without any model.
//!
//! Owns the shape of these lines. Must not know who predicted. The coordinator reads them with a type of its own
//! (`protocol::predictions`); a test in `cli` holds the two equal.

use std::io::{self, Write};
use std::ops::AddAssign;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::metrics::EntityScore;

/// Entities right, spurious and missed: of one sentence, or added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Predicted entities with the right boundaries and type.
    #[serde(rename = "tp")]
    pub true_positives: u64,
    /// Predicted entities that are not gold.
    #[serde(rename = "fp")]
    pub false_positives: u64,
    /// Gold entities that were not predicted.
    #[serde(rename = "fn")]
    pub false_negatives: u64,
}

impl Counts {
    /// Precision, recall and F1; each is 0 where it would divide by 0.
    pub fn score(self) -> EntityScore {
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let Self { true_positives: right, false_positives, false_negatives } = self;
        EntityScore {
            precision: share(right, right + false_positives),
            recall: share(right, right + false_negatives),
            f1: share(2 * right, 2 * right + false_positives + false_negatives),
            true_positives: right,
            false_positives,
            false_negatives,
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
    }
}

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
    /// Counts over pieces: not comparable with the other two.
    pub subtoken_all: Counts,
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
