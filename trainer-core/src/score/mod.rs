//! Entity-level evaluation: exact boundaries and type, micro-averaged over the corpus.
//!
//! Owns what an entity is under each protocol. Must not know models; it sees tags only.

mod entities;
mod errors;
mod predictions;

use std::collections::BTreeMap;

pub use entities::{Entity, entities};
pub use errors::{
    Confusion, ErrorClass, ErrorCount, ErrorReport, Example, LONGEST, LengthScore, Mention, SeenScores,
    SurfaceForms, error_report,
};
pub(crate) use predictions::sentence_predictions;
pub use predictions::{PredictionsError, SentencePrediction, read_predictions, write_predictions};

use crate::decode::may_follow;
use crate::{EntityScore, ProtocolScores, ScoringProtocol};

/// Entities right, spurious and missed: of one sentence, or added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Right boundaries and type.
    #[serde(rename = "tp")]
    pub true_positives: u64,
    /// Predicted, not gold.
    #[serde(rename = "fp")]
    pub false_positives: u64,
    /// Gold, not predicted.
    #[serde(rename = "fn")]
    pub false_negatives: u64,
}

impl Counts {
    fn of(gold: &[Entity<'_>], predicted: &[Entity<'_>]) -> Self {
        let right = predicted.iter().filter(|entity| gold.contains(entity)).count() as u64;
        Self {
            true_positives: right,
            false_positives: predicted.len() as u64 - right,
            false_negatives: gold.len() as u64 - right,
        }
    }

    fn add(&mut self, other: Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
    }

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

/// Counts of one sentence under each protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SentenceCounts {
    /// Under [`ScoringProtocol::Strict`].
    pub strict: Counts,
    /// Under [`ScoringProtocol::Conlleval`].
    pub conlleval: Counts,
    /// Every piece counted as if it were a word, with a copy of its word's tag; entities as in
    /// [`ScoringProtocol::Conlleval`]. A `B-` copied to three pieces is three entities: *not comparable* with word-level
    /// scores, and here to show what the unit of scoring does.
    pub subtoken_all: Counts,
}

/// Compares one sentence; `gold`, `predicted` and `pieces` (of each word, in the backbone's vocabulary) must be of the
/// same length.
pub fn compare<T: AsRef<str>, U: AsRef<str>>(
    gold: &[T],
    predicted: &[U],
    pieces: &[usize],
) -> SentenceCounts {
    let of = |protocol| Counts::of(&entities(gold, protocol), &entities(predicted, protocol));
    let (gold_pieces, predicted_pieces) = (copied(gold, pieces), copied(predicted, pieces));
    SentenceCounts {
        strict: of(ScoringProtocol::Strict),
        conlleval: of(ScoringProtocol::Conlleval),
        subtoken_all: Counts::of(
            &entities(&gold_pieces, ScoringProtocol::Conlleval),
            &entities(&predicted_pieces, ScoringProtocol::Conlleval),
        ),
    }
}

/// The tag of each word, once for each of its pieces.
fn copied<'a, T: AsRef<str>>(tags: &'a [T], pieces: &[usize]) -> Vec<&'a str> {
    let copies = |(tag, &count): (&'a T, &usize)| std::iter::repeat_n(tag.as_ref(), count);
    tags.iter().zip(pieces).flat_map(copies).collect()
}

/// Scores of a whole split.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SplitScores {
    pub(crate) overall: ProtocolScores,
    pub(crate) per_type: BTreeMap<String, ProtocolScores>,
    pub(crate) sentences: Vec<SentenceCounts>,
    pub(crate) orphan_tags: u64,
}

/// Compares a split, sentence by sentence.
pub(crate) fn compare_split(
    gold: &[&[String]],
    predicted: &[Vec<String>],
    pieces: &[Vec<usize>],
    types: &[String],
) -> SplitScores {
    let rows = || gold.iter().zip(predicted).zip(pieces);
    let sentences: Vec<SentenceCounts> = rows().map(|((g, p), n)| compare(g, p, n)).collect();
    let of_type = |kind: &String| {
        let counts = rows().map(|((g, p), n)| compare(&only(g, kind), &only(p, kind), n));
        (kind.clone(), total(counts))
    };
    SplitScores {
        overall: total(sentences.iter().copied()),
        per_type: types.iter().map(of_type).collect(),
        orphan_tags: predicted.iter().map(|tags| orphans(tags)).sum(),
        sentences,
    }
}

fn total(sentences: impl Iterator<Item = SentenceCounts>) -> ProtocolScores {
    let mut sum = SentenceCounts::default();
    for counts in sentences {
        sum.strict.add(counts.strict);
        sum.conlleval.add(counts.conlleval);
        sum.subtoken_all.add(counts.subtoken_all);
    }
    ProtocolScores {
        strict: sum.strict.score(),
        conlleval: sum.conlleval.score(),
        subtoken_all: sum.subtoken_all.score(),
    }
}

/// The tags of type `kind`, the others as `O`. A change of type is a boundary under both protocols, so the entities of
/// one type are the same with and without the others.
fn only<'a>(tags: &'a [String], kind: &str) -> Vec<&'a str> {
    tags.iter().map(|tag| if tag.get(2..) == Some(kind) { tag.as_str() } else { "O" }).collect()
}

/// Words with an `I-` that continues nothing: after `O`, after another type, or at the start.
pub(crate) fn orphans(tags: &[String]) -> u64 {
    let before = std::iter::once("O").chain(tags.iter().map(String::as_str));
    before.zip(tags).filter(|(before, tag)| !may_follow(before, tag)).count() as u64
}

#[cfg(test)]
mod tests;
