//! An adapter's score on a corpus: under all protocols, per type, with repairs, windows and mistakes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{InferenceError, Recogniser, Tagged, TypeMap};
use crate::corpus::Sentence;
use crate::decode::Decoding;
use crate::score::{
    ErrorReport, SurfaceForms, compare_split, entities, error_report, orphans, sentence_predictions,
};
use crate::{Interrupted, ProtocolScores, ScoringProtocol, SentencePrediction};

/// How to evaluate.
#[derive(Debug, Clone)]
pub struct EvaluationOptions {
    /// Name of the split in the predictions.
    pub split: String,
    /// How orphans are decoded.
    pub decoding: Decoding,
    /// Renaming of types.
    pub types: TypeMap,
    /// Surface forms of train, where it is known.
    pub train: Option<SurfaceForms>,
    /// Examples for each class of mistakes.
    pub examples: usize,
}

/// The result of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationReport {
    /// Sentences.
    pub sentences: usize,
    /// Words.
    pub words: usize,
    /// Windows that the sentences needed.
    pub windows: usize,
    /// Sentences that needed more than one window.
    pub windowed_sentences: usize,
    /// Gold entities that no window shows as a whole.
    pub cut_entities: usize,
    /// How orphans were decoded.
    pub decoding: Decoding,
    /// Words whose tag it changed.
    pub repairs: usize,
    /// Words whose decoded tag is an `I-` that continues nothing.
    pub orphan_tags: u64,
    /// Types of the adapter that the corpus does not hold: all their predictions are false positives.
    pub types_without_gold: Vec<String>,
    /// Over all types.
    pub overall: ProtocolScores,
    /// For each type of the corpus and of the adapter.
    pub per_type: BTreeMap<String, ProtocolScores>,
    /// The mistakes.
    pub errors: ErrorReport,
}

/// A report with the predictions that it was computed from.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// The scores.
    pub report: EvaluationReport,
    /// One for each sentence.
    pub predictions: Vec<SentencePrediction>,
}

/// Tags `sentences` and compares the result with their gold tags. `progress` gets the number of windows done and of all
/// windows. It may stop the run.
///
/// # Errors
/// Types of the corpus that the model cannot predict; `progress` stopped it.
pub fn evaluate(
    model: &Recogniser,
    sentences: Vec<Sentence>,
    options: &EvaluationOptions,
    progress: &mut dyn FnMut(usize, usize) -> Result<(), Interrupted>,
) -> Result<Evaluated, InferenceError> {
    let corpus: BTreeSet<&str> =
        sentences.iter().flat_map(|s| &s.tags).filter_map(|tag| tag.get(2..)).collect();
    options.types.check(model.labels().types(), &corpus)?;
    let words = sentences.iter().map(|sentence| sentence.tokens.clone());
    let mut tagged = model.tag(words, options.decoding, progress)?;
    let of_corpus = options.types.types(corpus);
    let of_model = options.types.types(model.labels().types().iter().map(String::as_str));
    let rename = |sentence: Sentence| Sentence { tags: options.types.tags(&sentence.tags), ..sentence };
    let gold: Vec<Sentence> = sentences.into_iter().map(rename).collect();
    tagged.tags = tagged.tags.iter().map(|tags| options.types.tags(tags)).collect();
    let without_gold = of_model.difference(&of_corpus).cloned().collect();
    Ok(compared(&gold, &tagged, &of_model.into_iter().collect::<Vec<_>>(), without_gold, options))
}

fn compared(
    gold: &[Sentence],
    tagged: &Tagged,
    types: &[String],
    types_without_gold: Vec<String>,
    options: &EvaluationOptions,
) -> Evaluated {
    let tags: Vec<&[String]> = gold.iter().map(|sentence| sentence.tags.as_slice()).collect();
    let scores = compare_split(&tags, &tagged.tags, &tagged.pieces_per_word, types);
    let predictions = sentence_predictions(&options.split, gold, &tagged.tags, &scores.sentences).collect();
    let report = EvaluationReport {
        sentences: gold.len(),
        words: gold.iter().map(|sentence| sentence.tokens.len()).sum(),
        windows: tagged.windows,
        windowed_sentences: tagged.windowed_sentences,
        cut_entities: gold.iter().zip(&tagged.shown).map(|(sentence, shown)| cut(sentence, shown)).sum(),
        decoding: options.decoding,
        repairs: tagged.repairs,
        orphan_tags: tagged.tags.iter().map(|tags| orphans(tags)).sum(),
        types_without_gold,
        overall: scores.overall,
        per_type: scores.per_type,
        errors: error_report(gold, &tagged.tags, options.train.as_ref(), options.examples),
    };
    Evaluated { report, predictions }
}

/// Entities of a sentence that none of its windows shows as a whole.
fn cut(sentence: &Sentence, shown: &[(usize, usize)]) -> usize {
    let found = entities(&sentence.tags, ScoringProtocol::Strict);
    let whole = |first: usize, last: usize| shown.iter().any(|&(from, to)| from <= first && last <= to);
    found.iter().filter(|entity| !whole(entity.first, entity.last)).count()
}
