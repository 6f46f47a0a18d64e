//! The predictions of two systems on the same sentences, as units with the counts of both.

use std::collections::BTreeMap;

use pedigree_protocol::objective::ScoringProtocol;
use pedigree_protocol::predictions::{Counts, SentencePrediction};

/// What both systems did in one unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PairedUnit {
    /// The first system.
    pub a: Counts,
    /// The second one.
    pub b: Counts,
}

impl std::ops::AddAssign for PairedUnit {
    fn add_assign(&mut self, other: Self) {
        self.a += other.a;
        self.b += other.b;
    }
}

impl std::iter::Sum for PairedUnit {
    fn sum<I: Iterator<Item = Self>>(units: I) -> Self {
        units.fold(Self::default(), |mut sum, unit| {
            sum += unit;
            sum
        })
    }
}

/// What is swapped and drawn as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Documents, where the corpus marks them: their sentences are not independent.
    Documents,
    /// Sentences.
    Sentences,
}

impl Unit {
    /// Its name in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Sentences => "sentences",
        }
    }
}

/// Both systems on one split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paired {
    /// What a unit is.
    pub unit: Unit,
    /// The counts of both, unit by unit.
    pub units: Vec<PairedUnit>,
}

impl Paired {
    /// The counts of both over all units.
    pub fn total(&self) -> PairedUnit {
        self.units.iter().copied().sum()
    }
}

/// Predictions of other sentences.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPaired {
    /// One system has more sentences.
    #[error("A has {a} of them, B {b}")]
    Length {
        /// Sentences of A.
        a: usize,
        /// Sentences of B.
        b: usize,
    },
    /// The sentences have other gold tags.
    #[error("their gold tags differ, first in sentence {sentence}")]
    Gold {
        /// Index of the first such sentence.
        sentence: u64,
    },
}

/// Pairs the predictions of two systems for one split, sentence by sentence.
///
/// # Errors
/// The predictions are not of the same sentences.
pub fn pair(
    a: &[SentencePrediction],
    b: &[SentencePrediction],
    protocol: ScoringProtocol,
) -> Result<Paired, NotPaired> {
    if a.len() != b.len() {
        return Err(NotPaired::Length { a: a.len(), b: b.len() });
    }
    if let Some((other, _)) = a.iter().zip(b).find(|(x, y)| x.gold != y.gold) {
        return Err(NotPaired::Gold { sentence: other.index });
    }
    let pairs = a.iter().zip(b).map(|(x, y)| PairedUnit { a: x.under(protocol), b: y.under(protocol) });
    let documents: Option<Vec<u64>> = a.iter().map(|sentence| sentence.document).collect();
    Ok(match documents {
        None => Paired { unit: Unit::Sentences, units: pairs.collect() },
        Some(documents) => Paired { unit: Unit::Documents, units: by_document(&documents, pairs) },
    })
}

fn by_document(documents: &[u64], pairs: impl Iterator<Item = PairedUnit>) -> Vec<PairedUnit> {
    let mut units: BTreeMap<u64, PairedUnit> = BTreeMap::new();
    for (&document, pair) in documents.iter().zip(pairs) {
        *units.entry(document).or_default() += pair;
    }
    units.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(index: u64, document: Option<u64>, gold: &str, right: u64) -> SentencePrediction {
        let counts = Counts { true_positives: right, false_positives: 0, false_negatives: 1 - right };
        SentencePrediction {
            split: "test".into(),
            index,
            document,
            tokens: 1,
            predicted: vec!["O".into()],
            gold: vec![gold.into()],
            strict: counts,
            conlleval: Counts::default(),
            subtoken_all: counts,
        }
    }

    #[test]
    fn units_are_documents_where_every_sentence_has_one() {
        let strict = ScoringProtocol::Strict;
        let a = [sentence(0, None, "B-D", 0), sentence(1, None, "B-D", 1)];
        let paired = pair(&a, &a, strict).unwrap();
        assert_eq!((paired.unit, paired.units.len()), (Unit::Sentences, 2));
        assert_eq!(pair(&a, &a, ScoringProtocol::Conlleval).unwrap().total(), PairedUnit::default());
        let a = [0, 0, 1].map(|document| sentence(document, Some(document), "B-D", 1));
        let paired = pair(&a, &a, strict).unwrap();
        assert_eq!(
            (paired.unit, paired.units.len(), paired.total().a.true_positives),
            (Unit::Documents, 2, 3)
        );
    }

    #[test]
    fn other_sentences_are_refused() {
        let strict = ScoringProtocol::Strict;
        let (a, b) = ([sentence(0, None, "B-D", 1)], [sentence(0, None, "B-C", 1)]);
        assert_eq!(pair(&a, &b, strict), Err(NotPaired::Gold { sentence: 0 }));
        let two = [a[0].clone(), a[0].clone()];
        assert_eq!(pair(&a, &two, strict).unwrap_err().to_string(), "A has 1 of them, B 2");
    }
}
