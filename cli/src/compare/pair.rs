//! Two files of predictions, checked to be of the same sentences, as units with the counts of both systems.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, bail};
use pedigree_sampler::significance::{Counts, PairedUnit};
use pedigree_trainer_core::score::{self, SentencePrediction, read_predictions};

use super::Protocol;

/// Both systems on one split.
#[derive(Debug)]
pub(super) struct Paired {
    pub(super) split: String,
    pub(super) unit: &'static str,
    pub(super) units: Vec<PairedUnit>,
}

impl Paired {
    /// F1 of A and of B over all units.
    pub(super) fn f1(&self) -> (f64, f64) {
        let sum = self.units.iter().fold(PairedUnit::default(), |mut sum, unit| {
            sum.a += unit.a;
            sum.b += unit.b;
            sum
        });
        (sum.a.f1(), sum.b.f1())
    }
}

/// Reads both files.
pub(super) fn read(a: &Path, b: &Path, split: Option<&str>, protocol: Protocol) -> anyhow::Result<Paired> {
    let (of_a, of_b) = (read_predictions(a)?, read_predictions(b)?);
    let split =
        choose(&of_a, &of_b, split).with_context(|| format!("{} and {}", a.display(), b.display()))?;
    let of = |all: Vec<SentencePrediction>| all.into_iter().filter(|s| s.split == split).collect::<Vec<_>>();
    let (of_a, of_b) = (of(of_a), of(of_b));
    check_same(&of_a, &of_b).with_context(|| {
        format!("{} and {} are not of the same {split} sentences", a.display(), b.display())
    })?;
    let pairs =
        of_a.iter().zip(&of_b).map(|(x, y)| PairedUnit { a: counts(x, protocol), b: counts(y, protocol) });
    let documents: Option<Vec<usize>> = of_a.iter().map(|sentence| sentence.document).collect();
    let (unit, units) = match documents {
        None => ("sentences", pairs.collect()),
        Some(documents) => ("documents", by_document(&documents, pairs)),
    };
    Ok(Paired { split, unit, units })
}

fn counts(sentence: &SentencePrediction, protocol: Protocol) -> Counts {
    let score::Counts { true_positives, false_positives, false_negatives } = match protocol {
        Protocol::Strict => sentence.strict,
        Protocol::Conlleval => sentence.conlleval,
    };
    Counts { true_positives, false_positives, false_negatives }
}

fn by_document(documents: &[usize], pairs: impl Iterator<Item = PairedUnit>) -> Vec<PairedUnit> {
    let mut units: BTreeMap<usize, PairedUnit> = BTreeMap::new();
    for (&document, pair) in documents.iter().zip(pairs) {
        let unit = units.entry(document).or_default();
        unit.a += pair.a;
        unit.b += pair.b;
    }
    units.into_values().collect()
}

/// The split to compare on.
fn choose(a: &[SentencePrediction], b: &[SentencePrediction], asked: Option<&str>) -> anyhow::Result<String> {
    let splits = |of: &[SentencePrediction]| of.iter().map(|s| s.split.clone()).collect::<BTreeSet<_>>();
    let (of_a, of_b) = (splits(a), splits(b));
    let shared: Vec<&String> = of_a.intersection(&of_b).collect();
    let list = |of: &BTreeSet<String>| of.iter().cloned().collect::<Vec<_>>().join(", ");
    let held = || format!("A holds {}; B holds {}", list(&of_a), list(&of_b));
    match (asked, shared.as_slice()) {
        (Some(asked), shared) if shared.iter().any(|split| *split == asked) => Ok(asked.to_owned()),
        (Some(asked), _) => bail!("not both hold split {asked}: {}", held()),
        (None, [one]) => Ok((*one).clone()),
        (None, shared) if shared.iter().any(|split| *split == "test") => Ok("test".to_owned()),
        (None, []) => bail!("no split is in both: {}", held()),
        (None, _) => bail!("several splits are in both; choose one with --split: {}", held()),
    }
}

fn check_same(a: &[SentencePrediction], b: &[SentencePrediction]) -> anyhow::Result<()> {
    if a.len() != b.len() {
        bail!("A has {} of them, B {}", a.len(), b.len());
    }
    match a.iter().zip(b).find(|(x, y)| x.gold != y.gold) {
        None => Ok(()),
        Some((x, _)) => bail!("their gold tags differ, first in sentence {}", x.index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(split: &str, index: usize, document: Option<usize>, gold: &str, right: u64) -> String {
        let document = document.map_or(String::new(), |d| format!(r#""document":{d},"#));
        let counts = format!(r#"{{"tp":{right},"fp":0,"fn":{}}}"#, 1 - right);
        format!(
            r#"{{"split":"{split}","index":{index},{document}"tokens":1,"predicted":["O"],"gold":["{gold}"],"strict":{counts},"conlleval":{counts},"subtoken_all":{counts}}}"#
        )
    }

    fn pair(a: &[String], b: &[String], split: Option<&str>) -> anyhow::Result<Paired> {
        let dir = tempfile::tempdir().unwrap();
        let (x, y) = (dir.path().join("a.jsonl"), dir.path().join("b.jsonl"));
        std::fs::write(&x, a.join("\n")).unwrap();
        std::fs::write(&y, b.join("\n")).unwrap();
        read(&x, &y, split, Protocol::Strict)
    }

    #[test]
    fn sentences_pair_up_and_documents_are_units_where_known() {
        let a = [
            line("dev", 0, None, "B-D", 1),
            line("test", 0, None, "B-D", 0),
            line("test", 1, None, "B-D", 1),
        ];
        let paired = pair(&a, &a, None).unwrap();
        assert_eq!((paired.split.as_str(), paired.unit, paired.units.len()), ("test", "sentences", 2));
        assert_eq!(pair(&a, &a, Some("dev")).unwrap().units.len(), 1);
        let documents = [0, 0, 1].map(|d| line("test", d, Some(d), "B-D", 1));
        let paired = pair(&documents, &documents, None).unwrap();
        assert_eq!((paired.unit, paired.units.len(), paired.f1()), ("documents", 2, (1.0, 1.0)));
    }

    #[test]
    fn other_sentences_are_refused() {
        let (a, b) = ([line("test", 0, None, "B-D", 1)], [line("test", 0, None, "B-C", 1)]);
        let of = |a: &[String], b: &[String], split| format!("{:#}", pair(a, b, split).unwrap_err());
        assert!(of(&a, &b, None).ends_with("their gold tags differ, first in sentence 0"));
        assert!(of(&a, &[a[0].clone(), a[0].clone()], None).ends_with("A has 1 of them, B 2"));
        assert!(
            of(&a, &[line("dev", 0, None, "B-D", 1)], None)
                .contains("no split is in both: A holds test; B holds dev")
        );
        assert!(of(&a, &a, Some("dev")).contains("not both hold split dev"));
    }
}
