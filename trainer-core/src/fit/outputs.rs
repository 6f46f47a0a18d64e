//! What a finished training writes beside its adapter and summary: predictions, and mistakes where a test split was opened.

use std::io;
use std::path::Path;

use super::evaluate::Evaluation;
use super::splits::Windowed;
use crate::SentencePrediction;
use crate::json_file::write_json;
use crate::score::{SurfaceForms, error_report, sentence_predictions};

/// One line for each sentence of a split: predicted and gold tags, and the counts that significance tests need.
pub(super) fn predictions(
    name: &str,
    split: &Windowed,
    evaluation: &Evaluation,
) -> impl Iterator<Item = SentencePrediction> {
    sentence_predictions(name, &split.sentences, &evaluation.tags, &evaluation.scores.sentences)
}

/// Examples of each class of mistakes.
const EXAMPLES: usize = 3;

/// Writes the mistakes on a split: classes with examples, by length, for forms seen in `train` and unseen ones.
///
/// # Errors
/// What the file system said.
pub(super) fn write_errors(
    path: &Path,
    split: &Windowed,
    evaluation: &Evaluation,
    train: &Windowed,
) -> io::Result<()> {
    let seen = SurfaceForms::of(&train.sentences);
    let report = error_report(&split.sentences, &evaluation.tags, Some(&seen), EXAMPLES);
    write_json(path, &report)
}
