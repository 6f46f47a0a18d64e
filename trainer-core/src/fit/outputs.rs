//! The files of a finished training: `predictions.jsonl` and `summary.json`.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::json;

use super::evaluate::Evaluation;
use super::splits::Windowed;
use crate::TrainSummary;

/// Writes one line for each sentence of each split: what was predicted, what was right, and the counts from which
/// significance tests work without any model.
///
/// # Errors
/// What the file system said.
pub(super) fn write_predictions(path: &Path, splits: &[(&str, &Windowed, &Evaluation)]) -> io::Result<()> {
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    for (name, split, evaluation) in splits {
        let predicted = evaluation.tags.iter().zip(&evaluation.scores.sentences);
        for (index, (sentence, (tags, counts))) in split.sentences.iter().zip(predicted).enumerate() {
            let line = json!({
                "split": name,
                "index": index,
                "tokens": sentence.tokens.len(),
                "predicted": tags,
                "gold": sentence.tags,
                "strict": counts.strict,
                "conlleval": counts.conlleval,
            });
            serde_json::to_writer(&mut out, &line)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()
}

/// Writes the summary.
///
/// # Errors
/// What the file system said.
pub(super) fn write_summary(path: &Path, summary: &TrainSummary) -> io::Result<()> {
    std::fs::write(path, serde_json::to_string_pretty(summary)? + "\n")
}
