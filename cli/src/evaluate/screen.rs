//! An evaluation as a document, and as tables.

use std::io::{self, Write};

use pedigree_trainer_core::inference::EvaluationReport;
use pedigree_trainer_core::score::{ErrorClass, ErrorReport, Example, LONGEST, Mention};
use pedigree_trainer_core::{EntityScore, ProtocolScores};
use serde::Serialize;
use serde_json::Value;

use crate::output::{table, write_facts, write_table};

const SCORE: [&str; 6] = ["precision", "recall", "F1", "right", "spurious", "missed"];

/// What `--json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    pub(super) adapter: String,
    pub(super) backbone: String,
    pub(super) corpus: String,
    #[serde(flatten)]
    pub(super) report: EvaluationReport,
}

pub(super) fn write(out: &mut dyn Write, document: &Document) -> io::Result<()> {
    let report = &document.report;
    write_facts(
        out,
        &[
            ("adapter", document.adapter.clone()),
            ("backbone", document.backbone.clone()),
            ("corpus", document.corpus.clone()),
            ("windows", windows(report)),
            ("tags", tags(report)),
        ],
    )?;
    if !report.types_without_gold.is_empty() {
        let types = report.types_without_gold.join(", ");
        writeln!(
            out,
            "note: the corpus holds no {types}, so every {types} predicted counts as spurious; --ignore-type leaves \
             a type out"
        )?;
    }
    let all = &report.overall.strict;
    if !undefined(all.true_positives, all.false_positives, all.false_negatives).is_empty() {
        writeln!(out, "note: the corpus holds no entity, so recall and F1 are undefined (-)")?;
    }
    write_scores(out, report)?;
    write_errors(out, &report.errors)
}

fn windows(report: &EvaluationReport) -> String {
    let EvaluationReport { windows, windowed_sentences, cut_entities, .. } = report;
    match windowed_sentences {
        0 => format!("{windows}, one a sentence"),
        _ => format!(
            "{windows}; {windowed_sentences} sentences have several, {cut_entities} entities are not whole in any window"
        ),
    }
}

fn tags(report: &EvaluationReport) -> String {
    let decoding = serde_json::to_value(report.decoding).ok();
    let decoding = decoding.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    format!("decoded by {decoding}: {} repaired, {} orphans left", report.repairs, report.orphan_tags)
}

fn write_scores(out: &mut dyn Write, report: &EvaluationReport) -> io::Result<()> {
    writeln!(out)?;
    let of = |name: &str, scores: &ProtocolScores| {
        [
            row(name, "strict", &scores.strict),
            row(name, "conlleval", &scores.conlleval),
            row(name, "subtoken_all *", &scores.subtoken_all),
        ]
    };
    let mut rows = of("all types", &report.overall).to_vec();
    if report.per_type.len() > 1 {
        rows.extend(report.per_type.iter().flat_map(|(kind, scores)| of(kind, scores)));
    }
    let header = [&["entities", "protocol"], &SCORE[..]].concat();
    write_table(out, &table(&header, &[2, 3, 4, 5, 6, 7], rows))?;
    writeln!(out, "* every piece counted as a word: not comparable with the other two")
}

fn row(name: &str, protocol: &str, score: &EntityScore) -> Vec<String> {
    [vec![name.to_owned(), protocol.to_owned()], numbers(score)].concat()
}

fn numbers(score: &EntityScore) -> Vec<String> {
    let undefined = undefined(score.true_positives, score.false_positives, score.false_negatives);
    let shares = [("precision", score.precision), ("recall", score.recall), ("f1", score.f1)];
    let shares = shares.map(|(name, value)| match undefined.contains(&name) {
        true => "-".to_owned(),
        false => format!("{value:.4}"),
    });
    let counts = [score.true_positives, score.false_positives, score.false_negatives].map(|n| n.to_string());
    [shares, counts].concat()
}

/// Which of a score's shares say nothing: recall and F1 where there is no entity to find, and precision too where none was
/// found.
fn undefined<N: Into<i128>>(right: N, spurious: N, missed: N) -> &'static [&'static str] {
    let (right, spurious, missed) = (right.into(), spurious.into(), missed.into());
    match (right + missed, right + spurious) {
        (0, 0) => &["precision", "recall", "f1"],
        (0, _) => &["recall", "f1"],
        _ => &[],
    }
}

/// The same document with null for every share that says nothing.
pub(super) fn without_undefined(mut document: Value) -> Value {
    if let Value::Object(fields) = &mut document {
        let count = |name: &str| fields.get(name).and_then(Value::as_i64);
        let counts = (count("true_positives"), count("false_positives"), count("false_negatives"));
        if let (Some(right), Some(spurious), Some(missed)) = counts {
            for name in undefined(right, spurious, missed) {
                fields.insert((*name).to_owned(), Value::Null);
            }
        }
    }
    match document {
        Value::Object(fields) => {
            fields.into_iter().map(|(key, value)| (key, without_undefined(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_undefined).collect(),
        other => other,
    }
}

fn write_errors(out: &mut dyn Write, errors: &ErrorReport) -> io::Result<()> {
    writeln!(out)?;
    let occurring = || errors.classes.iter().filter(|count| count.places > 0);
    let rows = occurring().map(|count| {
        let example = count.examples.first().map_or_else(String::new, show);
        let numbers = [count.places, count.gold, count.predicted].map(|n| n.to_string());
        [vec![name(count.class).to_owned()], numbers.to_vec(), vec![example]].concat()
    });
    let header = ["mistake (strict)", "places", "missed", "spurious", "first example"];
    write_table(out, &table(&header, &[1, 2, 3], rows))?;
    writeln!(out)?;
    let mut rows = Vec::new();
    for length in &errors.by_length {
        let more = if length.words == LONGEST { " or more" } else { "" };
        let words = if length.words == 1 { "word" } else { "words" };
        rows.push([vec![format!("{}{more} {words}", length.words)], numbers(&length.score)].concat());
    }
    if let Some(forms) = &errors.by_surface_form {
        rows.push([vec!["seen in train".to_owned()], numbers(&forms.seen)].concat());
        rows.push([vec!["unseen".to_owned()], numbers(&forms.unseen)].concat());
    }
    let header = [&["entities (strict)"], &SCORE[..]].concat();
    write_table(out, &table(&header, &[1, 2, 3, 4, 5, 6], rows))?;
    write_confusion(out, errors)
}

/// Only where types can be confused.
fn write_confusion(out: &mut dyn Write, errors: &ErrorReport) -> io::Result<()> {
    let wrong = |gold: &Option<String>, predicted: &Option<String>| {
        gold.is_some() && predicted.is_some() && gold != predicted
    };
    let mut confused: Vec<_> =
        errors.confusion.iter().filter(|pair| wrong(&pair.gold, &pair.predicted)).collect();
    if confused.is_empty() {
        return Ok(());
    }
    confused.sort_by_key(|pair| std::cmp::Reverse(pair.count));
    writeln!(out)?;
    let side = |kind: &Option<String>| kind.clone().unwrap_or_default();
    let rows =
        confused.iter().map(|pair| vec![side(&pair.gold), side(&pair.predicted), pair.count.to_string()]);
    write_table(out, &table(&["is", "was taken for", "times"], &[2], rows))
}

const fn name(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::LeftBoundary => "left boundary",
        ErrorClass::RightBoundary => "right boundary",
        ErrorClass::BothBoundaries => "both boundaries",
        ErrorClass::Type => "type",
        ErrorClass::TypeAndBoundary => "type and boundary",
        ErrorClass::Split => "split",
        ErrorClass::Merge => "merged",
        ErrorClass::Tangle => "several for several",
        ErrorClass::Missed => "missed",
        ErrorClass::Spurious => "spurious",
    }
}

/// `sentence 12, 10-18: gold [Disease: colon cancer] predicted [Disease: cancer]`.
fn show(example: &Example) -> String {
    let all = || example.gold.iter().chain(&example.predicted);
    let start = all().map(|mention| mention.start).min().unwrap_or(0);
    let end = all().map(|mention| mention.end).max().unwrap_or(0);
    let list = |mentions: &[Mention]| {
        mentions.iter().map(|m| format!("[{}: {}]", m.kind, m.text)).collect::<Vec<_>>().join(" ")
    };
    let part = |name: &str, mentions: &[Mention]| match mentions {
        [] => String::new(),
        some => format!(" {name} {}", list(some)),
    };
    format!(
        "sentence {}, {start}-{end}:{}{}",
        example.sentence,
        part("gold", &example.gold),
        part("predicted", &example.predicted)
    )
}

#[cfg(test)]
mod tests {
    use pedigree_trainer_core::corpus::Sentence;
    use pedigree_trainer_core::decode::Decoding;
    use pedigree_trainer_core::score::{SurfaceForms, compare, error_report};

    use super::*;

    fn document() -> Document {
        let split = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let tokens = split("severe gout and flu");
        let (gold, predicted) = (split("B-D I-D O B-D"), split("O B-D O B-C"));
        let counts = compare(&gold, &predicted, &[2, 1, 1, 1]);
        let overall = ProtocolScores {
            strict: counts.strict.score(),
            conlleval: counts.conlleval.score(),
            subtoken_all: counts.subtoken_all.score(),
        };
        let sentences = [Sentence { tokens, tags: gold, document: None }];
        let report = EvaluationReport {
            sentences: 1,
            words: 4,
            windows: 1,
            windowed_sentences: 0,
            cut_entities: 0,
            decoding: Decoding::AsB,
            repairs: 1,
            orphan_tags: 0,
            types_without_gold: vec!["C".into()],
            overall,
            per_type: [("C".to_owned(), overall), ("D".to_owned(), overall)].into(),
            errors: error_report(&sentences, &[predicted], Some(&SurfaceForms::default()), 1),
        };
        Document { adapter: "a".into(), backbone: "b".into(), corpus: "c".into(), report }
    }

    #[test]
    fn what_no_entity_defines_is_undefined_and_not_zero() {
        let score = |right: i64, spurious: i64, missed: i64| {
            let score = serde_json::json!({
                "precision": 0.0, "recall": 0.0, "f1": 0.0,
                "true_positives": right, "false_positives": spurious, "false_negatives": missed,
            });
            let read = without_undefined(serde_json::json!({ "all": [score] }))["all"][0].clone();
            ["precision", "recall", "f1"].map(|name| read[name].as_f64())
        };
        assert_eq!(score(0, 0, 0), [None, None, None]);
        assert_eq!(score(0, 3, 0), [Some(0.0), None, None]);
        assert_eq!(score(0, 0, 3), [Some(0.0), Some(0.0), Some(0.0)]);
        let mut document = document();
        let none = compare::<String, String>(&[], &[], &[]).strict.score();
        document.report.overall = ProtocolScores { strict: none, conlleval: none, subtoken_all: none };
        let mut text = Vec::new();
        write(&mut text, &document).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("note: the corpus holds no entity"), "{text}");
        assert!(text.contains("all types  strict                  -       -       -      0"), "{text}");
    }

    #[test]
    fn every_part_is_on_the_screen() {
        let mut text = Vec::new();
        write(&mut text, &document()).unwrap();
        let text = String::from_utf8(text).unwrap();
        for part in [
            "decoded by as-b: 1 repaired, 0 orphans left",
            "note: the corpus holds no C, so every C predicted counts as spurious",
            "all types  subtoken_all *",
            "left boundary          1       1         1  sentence 0, 0-11: gold [D: severe gout] predicted [D: gout]",
            "type                   1       1         1  sentence 0, 16-19: gold [D: flu] predicted [C: flu]",
            "6 or more words",
            "unseen",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        assert!(text.ends_with("is  was taken for  times\nD   C                  1\n"), "{text}");
    }
}
