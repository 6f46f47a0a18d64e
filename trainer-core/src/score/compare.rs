//! Gold and predicted tags compared, sentence by sentence.

use std::collections::BTreeMap;

use super::entities::{Entity, entities};
use crate::decode::may_follow;
use crate::{Counts, ProtocolScores, ScoringProtocol};

/// Counts of one sentence under each protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SentenceCounts {
    /// Under [`ScoringProtocol::Strict`].
    pub strict: Counts,
    /// Under [`ScoringProtocol::Conlleval`].
    pub conlleval: Counts,
    /// Every piece counted as a word with a copy of its word's tag, under [`ScoringProtocol::Conlleval`]. A `B-` copied to
    /// three pieces is three entities, so this is *not comparable* with word-level scores. It shows what the unit of
    /// scoring does.
    pub subtoken_all: Counts,
}

fn counted(gold: &[Entity<'_>], predicted: &[Entity<'_>]) -> Counts {
    let right = predicted.iter().filter(|entity| gold.contains(entity)).count() as u64;
    Counts {
        true_positives: right,
        false_positives: predicted.len() as u64 - right,
        false_negatives: gold.len() as u64 - right,
    }
}

/// Compares one sentence. `pieces` holds the number of pieces of each word, in the backbone's vocabulary. All three must
/// have the same length.
pub fn compare<T: AsRef<str>, U: AsRef<str>>(
    gold: &[T],
    predicted: &[U],
    pieces: &[usize],
) -> SentenceCounts {
    let of = |protocol| counted(&entities(gold, protocol), &entities(predicted, protocol));
    let (gold_pieces, predicted_pieces) = (copied(gold, pieces), copied(predicted, pieces));
    SentenceCounts {
        strict: of(ScoringProtocol::Strict),
        conlleval: of(ScoringProtocol::Conlleval),
        subtoken_all: counted(
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
        sum.strict += counts.strict;
        sum.conlleval += counts.conlleval;
        sum.subtoken_all += counts.subtoken_all;
    }
    ProtocolScores {
        strict: sum.strict.score(),
        conlleval: sum.conlleval.score(),
        subtoken_all: sum.subtoken_all.score(),
    }
}

/// The tags of type `kind`; the others become `O`. A change of type is a boundary under both protocols, so the entities
/// of one type are the same with and without the others.
fn only<'a>(tags: &'a [String], kind: &str) -> Vec<&'a str> {
    tags.iter().map(|tag| if tag.get(2..) == Some(kind) { tag.as_str() } else { "O" }).collect()
}

/// Words with an `I-` that continues nothing: after `O`, after another type, or at the start.
pub(crate) fn orphans(tags: &[String]) -> u64 {
    let before = std::iter::once("O").chain(tags.iter().map(String::as_str));
    before.zip(tags).filter(|(before, tag)| !may_follow(before, tag)).count() as u64
}
