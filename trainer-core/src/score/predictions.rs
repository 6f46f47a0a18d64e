//! The lines of `predictions.jsonl` for a split.

use super::SentenceCounts;
use crate::SentencePrediction;
use crate::corpus::Sentence;

/// One line for each sentence of `split`.
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
