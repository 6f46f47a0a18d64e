//! The protocols against the recorded answers of seqeval 1.2.2, and their laws.

use proptest::prelude::*;

use super::*;

type Row = (
    &'static str,
    &'static str,
    &'static [(&'static str, usize, usize)],
    f64,
    &'static [(&'static str, usize, usize)],
    f64,
);

/// gold, predicted, entities and F1 in seqeval's default mode, entities and F1 in strict mode.
const SEQEVAL: [Row; 8] = [
    ("B-D I-D O", "I-D I-D O", &[("D", 0, 1)], 1.0, &[], 0.0),
    ("B-D I-D O", "B-D B-D O", &[("D", 0, 0), ("D", 1, 1)], 0.0, &[("D", 0, 0), ("D", 1, 1)], 0.0),
    ("B-D I-D O", "B-C I-D O", &[("C", 0, 0), ("D", 1, 1)], 0.0, &[("C", 0, 0)], 0.0),
    ("B-D I-D O", "B-D I-C O", &[("D", 0, 0), ("C", 1, 1)], 0.0, &[("D", 0, 0)], 0.0),
    ("O O O", "O I-D O", &[("D", 1, 1)], 0.0, &[], 0.0),
    ("B-D B-D O", "B-D I-D O", &[("D", 0, 1)], 0.0, &[("D", 0, 1)], 0.0),
    ("B-D I-D O B-C", "B-D I-D I-D B-C", &[("D", 0, 2), ("C", 3, 3)], 0.5, &[("D", 0, 2), ("C", 3, 3)], 0.5),
    ("O O", "O O", &[], 0.0, &[], 0.0),
];

fn split(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

#[test]
fn golden_values_of_seqeval() {
    for (gold, predicted, lenient, lenient_f1, strict, strict_f1) in SEQEVAL {
        let (gold, predicted) = (split(gold), split(predicted));
        let of = |protocol| {
            entities(&predicted, protocol).iter().map(|e| (e.kind, e.first, e.last)).collect::<Vec<_>>()
        };
        assert_eq!(of(ScoringProtocol::Conlleval), lenient, "{predicted:?}");
        assert_eq!(of(ScoringProtocol::Strict), strict, "{predicted:?}");
        let counts = compare(&gold, &predicted);
        assert_eq!(counts.conlleval.score().f1, lenient_f1, "{predicted:?}");
        assert_eq!(counts.strict.score().f1, strict_f1, "{predicted:?}");
    }
}

#[test]
fn per_type_scores_and_orphans() {
    let owned = |text: &str| split(text).into_iter().map(String::from).collect::<Vec<_>>();
    let gold = owned("B-D I-D O B-C O");
    let predicted = vec![owned("B-D I-D I-C B-C I-D")];
    let scores = compare_split(&[&gold], &predicted, &["C".into(), "D".into()]);
    assert_eq!(scores.orphan_tags, 2);
    assert_eq!(scores.per_type["D"].strict.f1, 1.0);
    assert_eq!(scores.per_type["D"].conlleval.false_positives, 1);
    assert_eq!(scores.per_type["C"].conlleval.false_positives, 1);
    assert_eq!(scores.overall.strict.f1, 1.0);
    assert_eq!(scores.sentences.len(), 1);
}

fn tags() -> impl Strategy<Value = Vec<String>> {
    let tag = prop::sample::select(vec!["O", "B-C", "I-C", "B-D", "I-D"]).prop_map(String::from);
    prop::collection::vec(tag, 1..14)
}

/// Opens every orphan with `B-`.
fn repaired(tags: &[String]) -> Vec<String> {
    let mut before = "O".to_owned();
    let mut out = Vec::new();
    for tag in tags {
        let orphan = tag.starts_with("I-") && tag.get(2..) != before.get(2..);
        out.push(if orphan { tag.replace("I-", "B-") } else { tag.clone() });
        before.clone_from(tag);
    }
    out
}

proptest! {
    #[test]
    fn without_orphans_the_protocols_agree(tags in tags()) {
        let valid = repaired(&tags);
        prop_assert_eq!(orphans(&valid), 0);
        let strict = entities(&valid, ScoringProtocol::Strict);
        prop_assert_eq!(&strict, &entities(&valid, ScoringProtocol::Conlleval));
        // The lenient reading of any sequence is the strict reading of the repaired one.
        prop_assert_eq!(strict, entities(&tags, ScoringProtocol::Conlleval));
    }

    #[test]
    fn strict_entities_open_with_b_and_types_add_up(gold in tags(), predicted in tags()) {
        let length = gold.len().min(predicted.len());
        let (gold, predicted) = (repaired(&gold[..length]), predicted[..length].to_vec());
        for entity in entities(&predicted, ScoringProtocol::Strict) {
            prop_assert!(predicted[entity.first].starts_with("B-"));
        }
        let scores = compare_split(&[&gold], std::slice::from_ref(&predicted), &["C".into(), "D".into()]);
        for of in [|s: &ProtocolScores| s.strict, |s: &ProtocolScores| s.conlleval] {
            let sum = |pick: fn(&EntityScore) -> u64| scores.per_type.values().map(|s| pick(&of(s))).sum::<u64>();
            prop_assert_eq!(sum(|s| s.true_positives), of(&scores.overall).true_positives);
            prop_assert_eq!(sum(|s| s.false_positives), of(&scores.overall).false_positives);
            prop_assert_eq!(sum(|s| s.false_negatives), of(&scores.overall).false_negatives);
        }
        prop_assert_eq!(compare(&gold, &gold).strict.score().false_negatives, 0);
    }
}
