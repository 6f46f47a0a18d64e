//! Two files of predictions, read and paired on the split that both hold.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, bail};
use pedigree_protocol::objective::ScoringProtocol;
use pedigree_protocol::predictions::{self, SentencePrediction};
use pedigree_sampler::significance::{self, Paired};

/// Both systems on one split.
#[derive(Debug)]
pub(super) struct PairedSplit {
    pub(super) split: String,
    pub(super) paired: Paired,
}

/// Reads both files.
pub(super) fn read(
    a: &Path,
    b: &Path,
    split: Option<&str>,
    protocol: ScoringProtocol,
) -> anyhow::Result<PairedSplit> {
    let (of_a, of_b) = (predictions(a)?, predictions(b)?);
    let split =
        choose(&of_a, &of_b, split).with_context(|| format!("{} and {}", a.display(), b.display()))?;
    let of = |all: Vec<SentencePrediction>| all.into_iter().filter(|s| s.split == split).collect::<Vec<_>>();
    let paired = significance::pair(&of(of_a), &of(of_b), protocol).with_context(|| {
        format!("{} and {} are not of the same {split} sentences", a.display(), b.display())
    })?;
    Ok(PairedSplit { split, paired })
}

fn predictions(path: &Path) -> anyhow::Result<Vec<SentencePrediction>> {
    let file = File::open(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    predictions::read(BufReader::new(file)).with_context(|| path.display().to_string())
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
        (Some(asked), _) => bail!("split {asked} is not in both files: {}", held()),
        (None, [one]) => Ok((*one).clone()),
        (None, shared) if shared.iter().any(|split| *split == "test") => Ok("test".to_owned()),
        (None, []) => bail!("no split is in both: {}", held()),
        (None, _) => bail!("several splits are in both; choose one with --split: {}", held()),
    }
}

#[cfg(test)]
mod tests {
    use pedigree_sampler::significance::Unit;
    use pedigree_trainer_core as trainer;

    use super::*;

    fn line(split: &str, index: usize, document: Option<usize>, gold: &str, right: u64) -> String {
        let document = document.map_or(String::new(), |d| format!(r#""document":{d},"#));
        let counts = format!(r#"{{"tp":{right},"fp":0,"fn":{}}}"#, 1 - right);
        format!(
            r#"{{"split":"{split}","index":{index},{document}"tokens":1,"predicted":["O"],"gold":["{gold}"],"strict":{counts},"conlleval":{counts},"subtoken_all":{counts}}}"#
        )
    }

    fn pair(a: &[String], b: &[String], split: Option<&str>) -> anyhow::Result<PairedSplit> {
        let dir = tempfile::tempdir().unwrap();
        let (x, y) = (dir.path().join("a.jsonl"), dir.path().join("b.jsonl"));
        std::fs::write(&x, a.join("\n")).unwrap();
        std::fs::write(&y, b.join("\n")).unwrap();
        read(&x, &y, split, ScoringProtocol::Strict)
    }

    #[test]
    fn sentences_pair_up_and_documents_are_units_where_known() {
        let a = [
            line("dev", 0, None, "B-D", 1),
            line("test", 0, None, "B-D", 0),
            line("test", 1, None, "B-D", 1),
        ];
        let PairedSplit { split, paired } = pair(&a, &a, None).unwrap();
        assert_eq!((split.as_str(), paired.unit, paired.units.len()), ("test", Unit::Sentences, 2));
        assert_eq!(pair(&a, &a, Some("dev")).unwrap().paired.units.len(), 1);
        let documents = [0, 0, 1].map(|d| line("test", d, Some(d), "B-D", 1));
        let paired = pair(&documents, &documents, None).unwrap().paired;
        assert_eq!((paired.unit, paired.units.len()), (Unit::Documents, 2));
        assert_eq!((paired.total().a.f1(), paired.total().b.f1()), (1.0, 1.0));
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
        assert!(of(&a, &a, Some("dev")).contains("split dev is not in both files"));
        let wrong = of(&a, &["{}".to_owned()], None);
        assert!(wrong.contains("b.jsonl: line 1 is not a sentence of a predictions.jsonl"), "{wrong}");
    }

    /// The trainer writes a type of its own, because it knows no other crate. Only this crate sees both.
    #[test]
    fn the_trainer_writes_what_the_protocol_reads() {
        let counts =
            |right| trainer::Counts { true_positives: right, false_positives: 2, false_negatives: 3 };
        let written = trainer::SentencePrediction {
            split: "test".into(),
            index: 7,
            document: Some(1),
            tokens: 2,
            predicted: vec!["B-D".into(), "O".into()],
            gold: vec!["B-D".into(), "I-D".into()],
            strict: counts(1),
            conlleval: counts(4),
            subtoken_all: counts(5),
        };
        for written in [trainer::SentencePrediction { document: None, ..written.clone() }, written] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("predictions.jsonl");
            trainer::write_predictions(&path, [written.clone()]).unwrap();
            let read = predictions(&path).unwrap();
            let line = std::fs::read_to_string(&path).unwrap();
            assert_eq!(serde_json::to_string(&read[0]).unwrap() + "\n", line);
            assert_eq!(read[0].under(ScoringProtocol::Conlleval).true_positives, 4);
        }
    }
}
