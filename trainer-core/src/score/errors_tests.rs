//! Each class by a hand-made case, and the laws of the counts.

use proptest::prelude::*;

use super::{ErrorClass, ErrorCount, SurfaceForms, compare, error_report};
use crate::EntityScore;
use crate::corpus::Sentence;

fn sentence(words: &str, tags: &str) -> Sentence {
    let split = |text: &str| text.split(' ').map(String::from).collect();
    Sentence { tokens: split(words), tags: split(tags), document: None }
}

fn tags(text: &str) -> Vec<String> {
    text.split(' ').map(String::from).collect()
}

/// The only class that occurs.
fn class(gold: &str, predicted: &str) -> ErrorCount {
    let words = vec!["w"; gold.split(' ').count()].join(" ");
    let report = error_report(&[sentence(&words, gold)], &[tags(predicted)], None, 9);
    let mut found: Vec<_> = report.classes.into_iter().filter(|count| count.places > 0).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn each_class_has_its_case() {
    let of = |gold, predicted| class(gold, predicted).class;
    assert_eq!(of("O B-D I-D O", "B-D I-D I-D O"), ErrorClass::LeftBoundary);
    assert_eq!(of("O B-D I-D O", "O B-D O O"), ErrorClass::RightBoundary);
    assert_eq!(of("B-D I-D I-D O", "O B-D I-D I-D"), ErrorClass::BothBoundaries);
    assert_eq!(of("O B-D I-D O", "O B-C I-C O"), ErrorClass::Type);
    assert_eq!(of("O B-D I-D O", "O B-C O O"), ErrorClass::TypeAndBoundary);
    assert_eq!(of("B-D I-D I-D I-D", "B-D O B-D I-D"), ErrorClass::Split);
    assert_eq!(of("B-D O B-D I-D", "B-D I-D I-D I-D"), ErrorClass::Merge);
    assert_eq!(of("B-D I-D B-D I-D", "O B-D I-D B-D"), ErrorClass::Tangle);
    assert_eq!(of("O B-D I-D O", "O O O O"), ErrorClass::Missed);
    assert_eq!(of("O O O O", "O B-D I-D O"), ErrorClass::Spurious);
    // Under the strict protocol an orphan is no entity.
    assert_eq!(of("O B-D I-D O", "O I-D I-D O"), ErrorClass::Missed);
    let merged = class("B-D O B-D I-D", "B-D I-D I-D I-D");
    assert_eq!((merged.places, merged.gold, merged.predicted), (1, 2, 1));
}

#[test]
fn examples_point_into_the_text_by_character() {
    let gold = sentence("Ménière ’s disease and gout", "B-D I-D I-D O B-D");
    let report = error_report(&[gold], &[tags("O O B-D O B-D")], None, 1);
    let left = &report.classes[0];
    assert_eq!(left.examples.len(), 1);
    let example = &left.examples[0];
    assert_eq!((example.sentence, example.text.as_str()), (0, "Ménière ’s disease and gout"));
    let gold = &example.gold[0];
    assert_eq!((gold.start, gold.end, gold.text.as_str()), (0, 18, "Ménière ’s disease"));
    let predicted = &example.predicted[0];
    assert_eq!((predicted.start, predicted.end, predicted.text.as_str()), (11, 18, "disease"));
    let characters: Vec<char> = example.text.chars().collect();
    assert_eq!(characters[predicted.start..predicted.end].iter().collect::<String>(), predicted.text);
}

#[test]
fn seen_forms_length_and_confusion() {
    let train = [sentence("Gout hurts", "B-D O")];
    let gold = [sentence("gout and heart failure", "B-D O B-D I-D"), sentence("gout x", "B-D O")];
    let predicted = [tags("B-C O B-D I-D"), tags("B-D B-C")];
    let report = error_report(&gold, &predicted, Some(&SurfaceForms::of(&train)), 3);
    let forms = report.by_surface_form.unwrap();
    let counts = |s: &EntityScore| (s.true_positives, s.false_positives, s.false_negatives);
    assert_eq!(counts(&forms.seen), (1, 1, 1));
    assert_eq!(counts(&forms.unseen), (1, 1, 0));
    assert_eq!(counts(&report.by_length[0].score), (1, 2, 1));
    assert_eq!(counts(&report.by_length[1].score), (1, 0, 0));
    let pairs: Vec<_> = report
        .confusion
        .iter()
        .map(|c| (c.gold.as_deref().unwrap_or("-"), c.predicted.as_deref().unwrap_or("-"), c.count))
        .collect();
    assert_eq!(pairs, [("-", "C", 1), ("D", "C", 1), ("D", "D", 2)]);
}

fn any_tags(length: usize) -> impl Strategy<Value = Vec<String>> {
    let tag = prop::sample::select(vec!["O", "O", "B-C", "I-C", "B-D", "I-D"]).prop_map(String::from);
    prop::collection::vec(tag, length)
}

proptest! {
    #[test]
    fn every_count_adds_up((gold, predicted) in (1usize..16).prop_flat_map(|n| (any_tags(n), any_tags(n)))) {
        let words = vec![1; gold.len()];
        let strict = compare(&gold, &predicted, &words).strict;
        let sentence = Sentence { tokens: vec!["w".into(); gold.len()], tags: gold, document: None };
        let report = error_report(&[sentence], &[predicted], Some(&SurfaceForms::default()), 2);
        let sum = |of: fn(&ErrorCount) -> u64| report.classes.iter().map(of).sum::<u64>();
        prop_assert_eq!(sum(|count| count.gold), strict.false_negatives);
        prop_assert_eq!(sum(|count| count.predicted), strict.false_positives);
        let by_length = |of: fn(&EntityScore) -> u64| report.by_length.iter().map(|l| of(&l.score)).sum::<u64>();
        prop_assert_eq!(by_length(|s| s.true_positives), strict.true_positives);
        prop_assert_eq!(by_length(|s| s.false_positives), strict.false_positives);
        prop_assert_eq!(by_length(|s| s.false_negatives), strict.false_negatives);
        let forms = report.by_surface_form.unwrap();
        prop_assert_eq!(forms.unseen.false_negatives, strict.false_negatives);
        let gold: u64 = report.confusion.iter().filter(|c| c.gold.is_some()).map(|c| c.count).sum();
        prop_assert_eq!(gold, strict.true_positives + strict.false_negatives);
    }
}
