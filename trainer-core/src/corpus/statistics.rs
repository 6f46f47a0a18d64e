//! Counts of a split, and how much of a test split was already seen in train.

use std::collections::{BTreeMap, HashSet};

use super::labels::types;
use super::{Sentence, Split};

/// Counts of one split.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SplitStatistics {
    /// Sentences.
    pub sentences: usize,
    /// Sentences with at least one entity.
    pub sentences_with_entity: usize,
    /// Words.
    pub tokens: usize,
    /// Entities of all types.
    pub entities: usize,
    /// Entities of each type.
    pub entities_by_type: BTreeMap<String, usize>,
    /// Longest sentence, in words.
    pub longest_sentence: usize,
}

impl Split {
    /// Counts sentences, words and entities.
    pub fn statistics(&self) -> SplitStatistics {
        let mut counts = SplitStatistics { sentences: self.sentences.len(), ..SplitStatistics::default() };
        for sentence in &self.sentences {
            counts.tokens += sentence.tokens.len();
            counts.longest_sentence = counts.longest_sentence.max(sentence.tokens.len());
            counts.sentences_with_entity += usize::from(sentence.tags.iter().any(|tag| tag != "O"));
        }
        for kind in types(&self.sentences) {
            counts.entities_by_type.entry(kind.to_owned()).or_default();
        }
        for kind in self.sentences.iter().flat_map(|s| &s.tags).filter_map(|tag| tag.strip_prefix("B-")) {
            *counts.entities_by_type.entry(kind.to_owned()).or_default() += 1;
            counts.entities += 1;
        }
        counts
    }
}

/// Sentences that two splits share, word for word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Overlap {
    /// Sentences of test that are also in train.
    pub sentences: usize,
    /// Those of more than 5 words: shorter ones, such as headings, repeat by nature.
    pub longer_than_5: usize,
}

/// How many sentences of `test` are also in `train`. Tags are not compared.
pub fn overlap(train: &Split, test: &Split) -> Overlap {
    let known: HashSet<&[String]> = train.sentences.iter().map(|s| s.tokens.as_slice()).collect();
    let seen: Vec<&Sentence> =
        test.sentences.iter().filter(|s| known.contains(s.tokens.as_slice())).collect();
    Overlap { sentences: seen.len(), longer_than_5: seen.iter().filter(|s| s.tokens.len() > 5).count() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::corpus::{ReadOptions, parse};

    #[test]
    fn counts_and_overlap() {
        let of = |text: &str| parse(Path::new("x"), text.as_bytes(), &ReadOptions::default()).unwrap();
        let train = of("a B-D\nb I-D\nc B-D\n\nx O\n\n1 O\n2 O\n3 O\n4 O\n5 O\n6 O\n");
        let counts = train.statistics();
        assert_eq!(
            (counts.sentences, counts.tokens, counts.entities, counts.longest_sentence),
            (3, 10, 2, 6)
        );
        assert_eq!(counts.sentences_with_entity, 1);
        let test = of("x B-D\n\n1 O\n2 O\n3 O\n4 O\n5 O\n6 O\n\nnew O\n");
        assert_eq!(overlap(&train, &test), Overlap { sentences: 2, longer_than_5: 1 });
    }
}
