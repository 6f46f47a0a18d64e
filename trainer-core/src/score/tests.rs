//! The protocols against the recorded answers of seqeval 1.2.2, and their laws.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{EntityScore, ProtocolScores, ScoringProtocol};

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
        let counts = compare(&gold, &predicted, &vec![1; gold.len()]);
        assert_eq!(counts.conlleval.score().f1, lenient_f1, "{predicted:?}");
        assert_eq!(counts.strict.score().f1, strict_f1, "{predicted:?}");
    }
}

#[test]
fn per_type_scores_and_orphans() {
    let owned = |text: &str| split(text).into_iter().map(String::from).collect::<Vec<_>>();
    let gold = owned("B-D I-D O B-C O");
    let predicted = vec![owned("B-D I-D I-C B-C I-D")];
    let scores = compare_split(&[&gold], &predicted, &[vec![1; 5]], &["C".into(), "D".into()]);
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
        let scores = compare_split(&[&gold], std::slice::from_ref(&predicted), &[vec![1; length]], &["C".into(), "D".into()]);
        for of in [|s: &ProtocolScores| s.strict, |s: &ProtocolScores| s.conlleval] {
            let sum = |pick: fn(&EntityScore) -> u64| scores.per_type.values().map(|s| pick(&of(s))).sum::<u64>();
            prop_assert_eq!(sum(|s| s.true_positives), of(&scores.overall).true_positives);
            prop_assert_eq!(sum(|s| s.false_positives), of(&scores.overall).false_positives);
            prop_assert_eq!(sum(|s| s.false_negatives), of(&scores.overall).false_negatives);
        }
        prop_assert_eq!(compare(&gold, &gold, &vec![1; length]).strict.score().false_negatives, 0);
    }
}

/// One case of `vectors/scores.json`.
#[derive(serde::Deserialize)]
struct Recorded {
    gold: Vec<String>,
    predicted: Vec<String>,
    pieces: Vec<Vec<usize>>,
    entities: std::collections::HashMap<ScoringProtocol, Vec<(String, usize, usize)>>,
    conlleval: RecordedScores,
    strict: RecordedScores,
    subtoken_all: RecordedScores,
}

/// Precision, recall, F1 and gold entities: `micro`, and by type.
type RecordedScores = BTreeMap<String, (f64, f64, f64, u64)>;

/// Recorded answers of seqeval 1.2.2 for random sequences, most of them invalid; made by `vectors/scores.py`.
#[test]
fn seqeval_agrees_on_random_sequences() {
    let recorded: Vec<Recorded> = serde_json::from_str(include_str!("../../vectors/scores.json")).unwrap();
    assert!(recorded.len() > 100);
    let owned = |lines: &[String]| {
        lines
            .iter()
            .map(|line| split(line).into_iter().map(String::from).collect())
            .collect::<Vec<Vec<String>>>()
    };
    for case in &recorded {
        let (gold, predicted) = (owned(&case.gold), owned(&case.predicted));
        for (&protocol, want) in &case.entities {
            let found = entities(&predicted[0], protocol);
            let found: Vec<_> = found.iter().map(|e| (e.kind.to_owned(), e.first, e.last)).collect();
            assert_eq!(&found, want, "{protocol:?} {:?}", predicted[0]);
        }
        let gold_tags: Vec<&[String]> = gold.iter().map(Vec::as_slice).collect();
        let scores = compare_split(&gold_tags, &predicted, &case.pieces, &["C".into(), "D".into()]);
        for (name, want) in
            [("strict", &case.strict), ("conlleval", &case.conlleval), ("subtoken_all", &case.subtoken_all)]
        {
            agree(&scores, name, want, &format!("{name} of {:?} for {:?}", case.predicted, case.gold));
        }
    }
}

fn agree(scores: &SplitScores, protocol: &str, want: &RecordedScores, what: &str) {
    let under = |scores: &ProtocolScores| match protocol {
        "strict" => scores.strict,
        "conlleval" => scores.conlleval,
        _ => scores.subtoken_all,
    };
    for (kind, &(precision, recall, f1, support)) in want {
        let found = under(if kind == "micro" { &scores.overall } else { &scores.per_type[kind] });
        let gold = found.true_positives + found.false_negatives;
        assert_eq!(gold, support, "{kind} of {what}");
        for (found, want) in [(found.precision, precision), (found.recall, recall), (found.f1, f1)] {
            assert!((found - want).abs() < 1e-12, "{kind} of {what}: {found}, not {want}");
        }
    }
}
