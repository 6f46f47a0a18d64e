//! Whole trainings on a synthetic corpus and a random backbone, through the public entry.

#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

mod fixture;

use std::collections::BTreeSet;
use std::path::Path;

use fixture::{Recorder, folder, job};
use pedigree_trainer_core::{
    ExitReason, TestAccess, TrainError, TrainJob, TrainSummary, TrainerEvent, train,
};

const GOOD: &str = r#"{"learning_rate": 0.003, "head_learning_rate": 0.02, "batch_size": 8, "max_epochs": 8, "patience": 8, "lora_targets": "all-linear"}"#;

fn trained(dir: &Path, params: &str) -> (TrainSummary, Recorder) {
    let mut recorder = Recorder::default();
    let summary = train(&job(dir, params), &mut recorder).unwrap();
    (summary, recorder)
}

fn lines(path: &Path) -> Vec<serde_json::Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn learns_and_writes_everything() {
    let dir = folder();
    let (summary, recorder) = trained(dir.path(), GOOD);
    let f1 = summary.dev.strict.f1;
    let course: Vec<_> =
        recorder.events.iter().filter(|event| matches!(event, TrainerEvent::Epoch(_))).collect();
    assert!(f1 > 0.5, "{f1} {course:#?}");
    assert!(summary.test.as_ref().unwrap().overall.strict.f1 > 0.4);
    assert!(
        matches!(recorder.events[0], TrainerEvent::Started { total_steps: 240, .. }),
        "{:?}",
        recorder.events[0]
    );
    assert_eq!(recorder.events.iter().filter(|event| matches!(event, TrainerEvent::Epoch(_))).count(), 8);

    let out = dir.path().join("out");
    let predictions = lines(&out.join("predictions.jsonl"));
    assert_eq!(predictions.len(), 80);
    let right: u64 = predictions[..40].iter().map(|line| line["strict"]["tp"].as_u64().unwrap()).sum();
    assert_eq!(right, summary.dev.strict.true_positives);
    let written: TrainSummary =
        serde_json::from_str(&std::fs::read_to_string(out.join("summary.json")).unwrap()).unwrap();
    assert_eq!(written.dev, summary.dev);

    let errors: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(out.join("errors.json")).unwrap()).unwrap();
    let missed: u64 =
        errors["classes"].as_array().unwrap().iter().map(|of| of["gold"].as_u64().unwrap()).sum();
    assert_eq!(missed, summary.test.as_ref().unwrap().overall.strict.false_negatives);

    let files: BTreeSet<String> = std::fs::read_dir(out.join("adapter"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let want = ["README.md", "adapter_config.json", "adapter_model.safetensors", "ner_labels.json"];
    assert_eq!(files, want.map(String::from).into());
    let bytes = std::fs::read(out.join("adapter/adapter_model.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let shape = |name: &str| file.tensor(name).unwrap().shape().to_vec();
    let layer = "base_model.model.bert.encoder.layer.0";
    assert_eq!(shape("base_model.model.classifier.weight"), [5, 64]);
    assert_eq!(shape(&format!("{layer}.attention.self.query.lora_A.weight")), [16, 64]);
    assert_eq!(shape(&format!("{layer}.intermediate.dense.lora_B.weight")), [96, 16]);
    assert_eq!(file.names().len(), 26);
}

#[test]
fn same_seed_same_bits_other_seed_other_bits() {
    let dir = folder();
    let params =
        r#"{"learning_rate": 0.02, "max_epochs": 2, "max_train_sentences": 60, "max_dev_sentences": 9}"#;
    let adapter = |seed, threads| {
        let mut job = job(dir.path(), params);
        (job.setup.seed, job.setup.threads) = (seed, threads);
        train(&job, &mut Recorder::default()).unwrap();
        std::fs::read(dir.path().join("out/adapter/adapter_model.safetensors")).unwrap()
    };
    let first = adapter(4, None);
    assert!(first == adapter(4, None), "the same job gave other weights");
    assert!(first == adapter(4, Some(1)), "the number of threads changed the weights");
    assert!(first != adapter(5, None), "the seed changed nothing");
}

#[test]
fn patience_ends_training_and_the_best_epoch_is_kept() {
    let dir = folder();
    let params = r#"{"learning_rate": 1e-9, "max_epochs": 9, "patience": 2, "max_train_sentences": 30}"#;
    let (summary, recorder) = trained(dir.path(), params);
    assert_eq!((summary.epochs, summary.stopped_early), (3, true), "a lower loss is no better score");
    let losses: Vec<f64> = recorder
        .events
        .iter()
        .filter_map(|event| match event {
            TrainerEvent::Epoch(epoch) => Some(epoch.dev_loss),
            _ => None,
        })
        .collect();
    let lowest = losses.iter().copied().min_by(f64::total_cmp);
    assert_eq!(summary.dev_loss, lowest, "{losses:?}");
    assert_eq!(Some(losses[summary.best_epoch - 1]), lowest);
}

#[test]
fn windows_cover_sentences_longer_than_the_backbone_allows() {
    let dir = folder();
    let params = r#"{"learning_rate": 0.01, "max_epochs": 1, "max_length": 12, "stride": 4, "max_train_sentences": 40}"#;
    let (summary, recorder) = trained(dir.path(), params);
    assert!(summary.test.unwrap().windowed_sentences > 5);
    let TrainerEvent::Started { train_sentences, train_windows, .. } = &recorder.events[0] else { panic!() };
    assert!(*train_sentences == 40 && *train_windows > 60, "{train_windows}");
}

/// A limit may cut a split down to sentences from which nothing can be learned or measured.
#[test]
fn a_limit_below_the_first_entity_is_refused_by_its_key() {
    let dir = folder();
    std::fs::write(dir.path().join("corpus/dev.conll"), "It\tO\n\nwas\tO\n\ngout\tB-Disease\n").unwrap();
    let refused = |params: &str| {
        let error = train(&job(dir.path(), params), &mut Recorder::default()).unwrap_err();
        (error.reason(), error.to_string())
    };
    let (reason, error) = refused(r#"{"learning_rate": 0.001, "max_epochs": 1, "max_dev_sentences": 2}"#);
    assert_eq!(reason, ExitReason::InvalidJob);
    assert!(
        error.contains("params.max_dev_sentences: none of the first 2 sentences holds an entity"),
        "{error}"
    );
    assert!(error.contains("give at least 3"), "{error}");
    let train_split = dir.path().join("corpus/train.conll");
    let rest = std::fs::read_to_string(&train_split).unwrap();
    std::fs::write(&train_split, format!("It\tO\n\n{rest}")).unwrap();
    let (_, error) = refused(r#"{"learning_rate": 0.001, "max_epochs": 1, "max_train_sentences": 1}"#);
    assert!(error.contains("params.max_train_sentences: none of the first 1"), "{error}");
    let params =
        r#"{"learning_rate": 0.001, "max_epochs": 1, "max_dev_sentences": 3, "max_train_sentences": 40}"#;
    let mut fits = job(dir.path(), params);
    fits.test = TestAccess::Never;
    train(&fits, &mut Recorder::default()).unwrap();
}

/// As `data add` does; a job names other columns by keys.
#[test]
fn a_first_column_of_ids_is_refused_by_a_training_too() {
    let dir = folder();
    for split in ["train", "dev"] {
        let path = dir.path().join(format!("corpus/{split}.conll"));
        let text = std::fs::read_to_string(&path).unwrap();
        let mut at = 0;
        let numbered = text.lines().map(|line| match line {
            "" => {
                at = 0;
                String::new()
            }
            line => {
                at += 1;
                format!("{at}\t{line}")
            }
        });
        std::fs::write(&path, numbered.collect::<Vec<_>>().join("\n")).unwrap();
    }
    let mut job = job(dir.path(), r#"{"learning_rate": 0.001, "max_epochs": 1, "max_train_sentences": 40}"#);
    job.test = TestAccess::Never;
    let error = train(&job, &mut Recorder::default()).unwrap_err();
    assert_eq!(error.reason(), ExitReason::InvalidInput);
    let error = error.to_string();
    assert!(error.contains("the first column holds running numbers"), "{error}");
    assert!(error.contains("in a job file: token_column and tag_column"), "{error}");
    job.token_column = Some(2);
    train(&job, &mut Recorder::default()).unwrap();
    job.token_column = Some(0);
    let error = train(&job, &mut Recorder::default()).unwrap_err().to_string();
    assert!(error.contains("token_column: columns are counted from 1"), "{error}");
}

#[test]
fn an_interrupt_ends_training() {
    let dir = folder();
    let mut recorder = Recorder { polls_left: Some(3.into()), ..Recorder::default() };
    let error = train(&job(dir.path(), GOOD), &mut recorder).unwrap_err();
    assert_eq!(error.reason(), ExitReason::Interrupted);
    assert!(!dir.path().join("out/summary.json").exists());
}

#[test]
fn divergence_names_step_and_tensor() {
    let dir = folder();
    let params =
        r#"{"learning_rate": 1e30, "warmup_ratio": 0.0, "batch_size": 8, "max_epochs": 3, "clip": 1e30}"#;
    let error = train(&job(dir.path(), params), &mut Recorder::default()).unwrap_err();
    assert_eq!(error.reason(), ExitReason::Diverged);
    let TrainError::Diverged { step, .. } = error else { panic!("{error}") };
    assert!(step >= 2, "{step}");
}

#[test]
fn wrong_inputs_are_told_apart() {
    let dir = folder();
    let of = |change: &dyn Fn(&mut TrainJob)| {
        let mut job = job(dir.path(), GOOD);
        change(&mut job);
        let error = train(&job, &mut Recorder::default()).unwrap_err();
        (error.reason(), error.to_string())
    };
    let (reason, message) = of(&|job| job.params.learning_rate = -1.0);
    assert_eq!(reason, ExitReason::InvalidJob);
    assert!(message.contains("params.learning_rate"), "{message}");
    let (reason, message) = of(&|job| job.train = "nowhere.conll".into());
    assert_eq!(reason, ExitReason::InvalidInput);
    assert!(message.contains("nowhere.conll: cannot be read"), "{message}");
    let (reason, message) = of(&|job| job.setup.backbone = "nowhere".into());
    assert_eq!(reason, ExitReason::InvalidInput);
    assert!(message.contains("config.json"), "{message}");
    let (reason, message) = of(&|job| job.setup.device = pedigree_trainer_core::DeviceChoice::Cuda);
    assert_eq!(reason, ExitReason::InvalidJob);
    assert!(message.contains("CPU only"), "{message}");
}
