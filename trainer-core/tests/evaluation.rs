//! An adapter read back: its evaluation is the final run's, and what does not fit is refused.

#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

use std::path::{Path, PathBuf};

use pedigree_trainer_core::backbone::{Family, RandomEncoder, write_random};
use pedigree_trainer_core::corpus::synth::{self, Flavour, SynthSpec};
use pedigree_trainer_core::corpus::{ReadOptions, Sentence, read};
use pedigree_trainer_core::decode::Decoding;
use pedigree_trainer_core::inference::{EvaluationOptions, Recogniser, TypeMap, evaluate, test};
use pedigree_trainer_core::score::SurfaceForms;
use pedigree_trainer_core::{
    ExitReason, Interrupted, SentencePrediction, Supervisor, TestJob, TrainJob, TrainSummary, TrainedAdapter,
    TrainerEvent, train,
};
use tempfile::TempDir;

struct Silent;

impl Supervisor for Silent {
    fn event(&mut self, _: TrainerEvent) {}

    fn test_split(&mut self) -> Result<PathBuf, Interrupted> {
        Err(Interrupted)
    }

    fn interrupted(&self) -> bool {
        false
    }
}

fn write_backbone(dir: &Path, family: Family, hidden: usize) {
    let train = read(&dir.join("corpus/train.conll"), &ReadOptions::default()).unwrap();
    let words = train.sentences.into_iter().flat_map(|sentence| sentence.tokens).collect();
    let spec = RandomEncoder {
        family,
        hidden,
        layers: 1,
        heads: 4,
        intermediate: 64,
        max_positions: 64,
        seed: 2,
        words,
    };
    write_random(&dir.join(format!("backbone-{hidden}")), &spec).unwrap();
}

/// A corpus and an adapter trained on it, with windows smaller than most sentences.
fn trained(family: Family) -> (TempDir, TrainSummary) {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    synth::write(&at.join("corpus"), SynthSpec::new(Flavour::Easy, 1, [240, 30, 30])).unwrap();
    write_backbone(at, family, 64);
    let job = format!(
        r#"{{"train": "{at}/corpus/train.conll", "dev": "{at}/corpus/dev.conll", "backbone": "{at}/backbone-64",
            "test": {{"path": "{at}/corpus/test.conll"}}, "out": "{at}/out",
            "params": {{"learning_rate": 0.003, "head_learning_rate": 0.02, "batch_size": 8, "max_epochs": 10,
                        "max_length": 16, "stride": 4, "lora_targets": "all-linear"}}}}"#,
        at = at.display()
    );
    let job: TrainJob = serde_json::from_str(&job).unwrap();
    let summary = train(&job, &mut Silent).unwrap();
    (dir, summary)
}

fn options(decoding: Decoding) -> EvaluationOptions {
    EvaluationOptions {
        split: "test".into(),
        decoding,
        types: TypeMap::default(),
        train: Some(SurfaceForms::default()),
        examples: 2,
    }
}

fn test_sentences(dir: &Path) -> Vec<Sentence> {
    read(&dir.join("corpus/test.conll"), &ReadOptions::default()).unwrap().sentences
}

#[test]
fn evaluating_the_adapter_gives_the_final_runs_own_score() {
    Family::ALL.into_iter().for_each(equals_the_final_run);
}

fn equals_the_final_run(family: Family) {
    let (dir, summary) = trained(family);
    let at = dir.path();
    let model = Recogniser::open(&at.join("out/adapter"), &at.join("backbone-64")).unwrap();
    let mut heard = Vec::new();
    let mut progress = |done, total| {
        heard.push((done, total));
        Ok(())
    };
    let found = evaluate(&model, test_sentences(at), &options(Decoding::Argmax), &mut progress).unwrap();
    let test = summary.test.unwrap();
    let report = &found.report;
    assert!(test.overall.strict.true_positives > 5, "{family:?} {:?}", test.overall);
    assert_eq!((&report.overall, &report.per_type), (&test.overall, &test.per_type));
    assert_eq!((report.windowed_sentences, report.orphan_tags), (test.windowed_sentences, test.orphan_tags));
    assert!(report.windows > report.sentences && report.repairs == 0);
    assert_eq!(heard[0], (0, report.windows));
    let written = std::fs::read_to_string(at.join("out/predictions.jsonl")).unwrap();
    let written: Vec<SentencePrediction> =
        written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(written[30..], found.predictions);
}

/// Hands over the test split when it is asked for, or nothing.
struct Opener(Option<PathBuf>, usize);

impl Supervisor for Opener {
    fn event(&mut self, event: TrainerEvent) {
        assert_eq!(event, TrainerEvent::TestWanted);
        self.1 += 1;
    }

    fn test_split(&mut self) -> Result<PathBuf, Interrupted> {
        self.0.clone().ok_or(Interrupted)
    }

    fn interrupted(&self) -> bool {
        false
    }
}

#[test]
fn a_test_run_scores_each_model_and_asks_for_the_split_only_when_all_can_be_read() {
    let (dir, summary) = trained(Family::Bert);
    let at = dir.path();
    let model = |name: &str, adapter: &str| TrainedAdapter { name: name.into(), adapter: at.join(adapter) };
    let text = format!(
        r#"{{"models": [], "train": "{at}/corpus/train.conll", "backbone": "{at}/backbone-64", "out": "{at}/tested"}}"#,
        at = at.display()
    );
    let mut job: TestJob = serde_json::from_str(&text).unwrap();
    let split = at.join("corpus/test.conll");
    job.models = vec![model("first", "out/adapter"), model("damaged", "corpus")];
    let mut closed = Opener(Some(split.clone()), 0);
    let error = test(&job, &mut closed).unwrap_err();
    assert_eq!((error.reason(), closed.1), (ExitReason::InvalidInput, 0), "{error}");

    job.models[1] = model("second", "out/adapter");
    let gone = test(&job, &mut Opener(None, 0)).unwrap_err();
    assert_eq!(gone.reason(), ExitReason::Interrupted);
    let tested = test(&job, &mut Opener(Some(split), 0)).unwrap();
    let names: Vec<&str> = tested.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["first", "second"]);
    for model in &tested.models {
        assert_eq!(Some(&model.scores), summary.test.as_ref(), "the final run's own score");
        let written = std::fs::read_to_string(at.join("tested").join(&model.name).join("predictions.jsonl"));
        assert_eq!(written.unwrap().lines().count(), 30);
        let errors = |folder: &str| std::fs::read(at.join(folder).join("errors.json")).unwrap();
        assert_eq!(errors(&format!("tested/{}", model.name)), errors("out"));
    }
}

#[test]
fn constrained_decoding_leaves_no_orphan_and_the_protocols_agree() {
    let (dir, _) = trained(Family::Bert);
    let at = dir.path();
    let model = Recogniser::open(&at.join("out/adapter"), &at.join("backbone-64")).unwrap();
    let of = |decoding| {
        evaluate(&model, test_sentences(at), &options(decoding), &mut |_, _| Ok(())).unwrap().report
    };
    let plain = of(Decoding::Argmax);
    for decoding in [Decoding::AsB, Decoding::Drop, Decoding::Viterbi] {
        let report = of(decoding);
        assert_eq!((report.orphan_tags, report.overall.strict), (0, report.overall.conlleval));
    }
    assert_eq!(of(Decoding::Drop).overall.strict, plain.overall.strict);
    assert_eq!(of(Decoding::AsB).overall.conlleval, plain.overall.conlleval);
}

#[test]
fn foreign_types_and_foreign_backbones_are_refused_with_a_way_out() {
    let (dir, _) = trained(Family::Bert);
    let at = dir.path();
    let model = Recogniser::open(&at.join("out/adapter"), &at.join("backbone-64")).unwrap();
    let foreign = |tags: &[&str]| {
        let tokens = tags.iter().map(|_| "nephritis".to_owned()).collect();
        vec![Sentence { tokens, tags: tags.iter().map(ToString::to_string).collect(), document: None }]
    };
    let sentences = foreign(&["O", "B-Illness", "B-Gene"]);
    let error =
        evaluate(&model, sentences.clone(), &options(Decoding::Argmax), &mut |_, _| Ok(())).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("type Gene, which the adapter cannot predict (its types: Chemical, Disease)")
    );
    let types = TypeMap {
        renamed: [("Illness".to_owned(), "Disease".to_owned())].into(),
        ignored: ["Gene".to_owned()].into(),
    };
    let options = EvaluationOptions { types, ..options(Decoding::Argmax) };
    let report = evaluate(&model, sentences, &options, &mut |_, _| Ok(())).unwrap().report;
    assert_eq!(report.types_without_gold, ["Chemical"]);
    let disease = report.per_type["Disease"].strict;
    assert_eq!(disease.true_positives + disease.false_negatives, 1);

    write_backbone(at, Family::Bert, 96);
    let error = Recogniser::open(&at.join("out/adapter"), &at.join("backbone-96")).unwrap_err().to_string();
    assert!(error.contains("adapter_model.safetensors: tensor") && error.contains("--backbone"), "{error}");
    std::fs::remove_file(at.join("out/adapter/ner_labels.json")).unwrap();
    let error = Recogniser::open(&at.join("out/adapter"), &at.join("backbone-64")).unwrap_err().to_string();
    assert!(error.contains("ner_labels.json: cannot be read"), "{error}");
}
