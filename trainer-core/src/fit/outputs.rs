//! The files of a finished training: `predictions.jsonl` and `summary.json`.

use std::io;
use std::path::Path;

use super::evaluate::Evaluation;
use super::splits::Windowed;
use crate::TrainSummary;
use crate::score::SentencePrediction;

/// One line for each sentence of a split: what was predicted, what was right, and the counts from which significance
/// tests work without any model.
pub(super) fn predictions(
    name: &str,
    split: &Windowed,
    evaluation: &Evaluation,
) -> impl Iterator<Item = SentencePrediction> {
    crate::score::sentence_predictions(name, &split.sentences, &evaluation.tags, &evaluation.scores.sentences)
}

/// Writes the summary.
///
/// # Errors
/// What the file system said.
pub(super) fn write_summary(path: &Path, summary: &TrainSummary) -> io::Result<()> {
    std::fs::write(path, serde_json::to_string_pretty(summary)? + "\n")
}
