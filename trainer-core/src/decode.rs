//! From a model's scores to a tag for each word of a sentence.
//!
//! Owns the policies for orphans: tags that continue nothing. Must not know models or gold tags.

use serde::{Deserialize, Serialize};

use crate::corpus::LabelSet;

/// What becomes of an orphan: an `I-X` that follows neither `B-X` nor `I-X`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decoding {
    /// It stays: the best tag of each word, whatever its neighbours. Training scores these tags.
    #[default]
    Argmax,
    /// It opens an entity: its tag becomes `B-X`.
    AsB,
    /// It is no entity: its tag, and those that continue it, become `O`.
    Drop,
    /// It cannot occur: the best *sequence* in which `I-X` only follows `B-X` or `I-X` (Viterbi over the sums of the words'
    /// scores).
    Viterbi,
}

/// The tags of one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// One tag for each word.
    pub tags: Vec<String>,
    /// Words whose tag is not the best one by itself.
    pub repairs: usize,
}

/// Decodes a sentence. `words` holds one score for each label, or nothing for a word that the model did not see: such a
/// word is `O`.
pub fn decode(words: &[Option<Vec<f32>>], labels: &LabelSet, decoding: Decoding) -> Decoded {
    let best: Vec<usize> = words.iter().map(|word| word.as_deref().map_or(0, argmax)).collect();
    let tags = labels.tags();
    let plain = || best.iter().map(|&label| tags[label].clone()).collect::<Vec<_>>();
    let decoded = match decoding {
        Decoding::Argmax => plain(),
        Decoding::AsB => opened(plain()),
        Decoding::Drop => dropped(plain()),
        Decoding::Viterbi => viterbi(words, tags).into_iter().map(|label| tags[label].clone()).collect(),
    };
    let repairs = decoded.iter().zip(&best).filter(|(tag, best)| **tag != tags[**best]).count();
    Decoded { tags: decoded, repairs }
}

/// The first of the largest.
fn argmax(scores: &[f32]) -> usize {
    let better = |best: usize, at: usize| if scores[at] > scores[best] { at } else { best };
    (1..scores.len()).fold(0, better)
}

/// Whether `tag` may follow `before`.
pub(crate) fn may_follow(before: &str, tag: &str) -> bool {
    !tag.starts_with("I-") || tag.get(2..) == before.get(2..)
}

fn opened(mut tags: Vec<String>) -> Vec<String> {
    for at in 0..tags.len() {
        let before = at.checked_sub(1).map_or("O", |before| tags[before].as_str());
        if !may_follow(before, &tags[at]) {
            tags[at].replace_range(..1, "B");
        }
    }
    tags
}

/// An orphan becomes `O`, so the words that continue it are orphans too.
fn dropped(mut tags: Vec<String>) -> Vec<String> {
    for at in 0..tags.len() {
        let before = at.checked_sub(1).map_or("O", |before| tags[before].as_str());
        if !may_follow(before, &tags[at]) {
            tags[at] = "O".into();
        }
    }
    tags
}

/// The label sequence with the largest sum of scores among those without an orphan; the earlier label wins ties.
fn viterbi(words: &[Option<Vec<f32>>], tags: &[String]) -> Vec<usize> {
    let score = |word: &Option<Vec<f32>>, label: usize| match word {
        Some(scores) => f64::from(scores[label]),
        None if label == 0 => 0.0,
        None => f64::NEG_INFINITY,
    };
    let mut steps: Vec<Vec<usize>> = Vec::with_capacity(words.len());
    let mut sums: Vec<f64> = Vec::new();
    for word in words {
        let (mut from, mut next) = (Vec::with_capacity(tags.len()), Vec::with_capacity(tags.len()));
        for (label, tag) in tags.iter().enumerate() {
            let (before, sum) = best_before(&sums, tags, tag);
            from.push(before);
            next.push(sum + score(word, label));
        }
        steps.push(from);
        sums = next;
    }
    let mut label = (1..sums.len()).fold(0, |best, at| if sums[at] > sums[best] { at } else { best });
    let mut path = Vec::with_capacity(words.len());
    for from in steps.iter().rev() {
        path.push(label);
        label = from[label];
    }
    path.reverse();
    path
}

/// The best label before `tag`, with its sum. A sentence begins as if after `O`.
fn best_before(sums: &[f64], tags: &[String], tag: &str) -> (usize, f64) {
    if sums.is_empty() {
        return (0, if may_follow("O", tag) { 0.0 } else { f64::NEG_INFINITY });
    }
    let mut best = (0, f64::NEG_INFINITY);
    for (label, before) in tags.iter().enumerate() {
        if may_follow(before, tag) && sums[label] > best.1 {
            best = (label, sums[label]);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels() -> LabelSet {
        LabelSet::from_tags(["O", "B-C", "I-C", "B-D", "I-D"].map(String::from).to_vec()).unwrap()
    }

    /// Scores that prefer `tag` by `margin` over the rest.
    fn prefers(tag: &str, margin: f32) -> Option<Vec<f32>> {
        Some(labels().tags().iter().map(|known| if known == tag { margin } else { 0.0 }).collect())
    }

    fn of(words: &[Option<Vec<f32>>], decoding: Decoding) -> (String, usize) {
        let Decoded { tags, repairs } = decode(words, &labels(), decoding);
        (tags.join(" "), repairs)
    }

    #[test]
    fn each_policy_has_its_way_with_an_orphan() {
        let words = ["O", "I-D", "I-D", "B-C", "I-D"].map(|tag| prefers(tag, 1.0));
        assert_eq!(of(&words, Decoding::Argmax), ("O I-D I-D B-C I-D".into(), 0));
        assert_eq!(of(&words, Decoding::AsB), ("O B-D I-D B-C B-D".into(), 2));
        assert_eq!(of(&words, Decoding::Drop), ("O O O B-C O".into(), 3));
    }

    #[test]
    fn viterbi_weighs_the_neighbours() {
        // "I-D" is sure of itself, the word before it undecided between "O" and "B-D".
        let mut words = vec![prefers("O", 1.0), prefers("I-D", 5.0)];
        words[0].as_mut().unwrap()[3] = 0.5;
        assert_eq!(of(&words, Decoding::Viterbi), ("B-D I-D".into(), 1));
        words[1] = prefers("I-D", 0.2);
        assert_eq!(of(&words, Decoding::Viterbi), ("O O".into(), 1));
    }

    #[test]
    fn a_word_without_scores_is_outside() {
        let words = [None, prefers("I-D", 1.0)];
        assert_eq!(of(&words, Decoding::Argmax), ("O I-D".into(), 0));
        assert!(of(&words, Decoding::Viterbi).0.starts_with("O "));
        assert_eq!(of(&[], Decoding::Viterbi), (String::new(), 0));
    }

    fn sum(words: &[Option<Vec<f32>>], path: &[usize]) -> f64 {
        words.iter().zip(path).map(|(word, &label)| f64::from(word.as_ref().unwrap()[label])).sum()
    }

    fn valid(path: &[usize], tags: &[String]) -> bool {
        let mut before = "O";
        path.iter().all(|&label| {
            let follows = may_follow(before, &tags[label]);
            before = &tags[label];
            follows
        })
    }

    proptest! {
        #[test]
        fn viterbi_finds_the_best_valid_sequence(
            scores in prop::collection::vec(prop::collection::vec(-3f32..3.0, 5), 1..5)
        ) {
            let words: Vec<_> = scores.into_iter().map(Some).collect();
            let labels = labels();
            let found = viterbi(&words, labels.tags());
            prop_assert!(valid(&found, labels.tags()));
            let count = 5usize.pow(words.len() as u32);
            let path = |number: usize| {
                (0..words.len()).map(|at| number / 5usize.pow(at as u32) % 5).collect::<Vec<_>>()
            };
            let best = (0..count)
                .map(path)
                .filter(|path| valid(path, labels.tags()))
                .map(|path| sum(&words, &path))
                .fold(f64::NEG_INFINITY, f64::max);
            prop_assert!((sum(&words, &found) - best).abs() < 1e-9);
        }

        #[test]
        fn repaired_tags_hold_no_orphan(
            scores in prop::collection::vec(prop::collection::vec(-3f32..3.0, 5), 1..12)
        ) {
            let words: Vec<_> = scores.into_iter().map(Some).collect();
            for decoding in [Decoding::AsB, Decoding::Drop, Decoding::Viterbi] {
                let Decoded { tags, .. } = decode(&words, &labels(), decoding);
                let pairs = std::iter::once("O").chain(tags.iter().map(String::as_str)).zip(&tags);
                prop_assert!(pairs.into_iter().all(|(before, tag)| may_follow(before, tag)), "{tags:?}");
            }
        }
    }
}
