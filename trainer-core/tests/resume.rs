//! Trainings that are killed and resumed: they end with the same bits as if nothing had happened.

#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

mod fixture;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use fixture::{Recorder, folder, job};
use pedigree_trainer_core::{
    CheckpointPlan, EpochMetrics, ExitReason, MicroBatch, Resumed, TrainJob, TrainerEvent, train,
};
use proptest::prelude::*;
use tempfile::TempDir;

const PARAMS: &str = r#"{"learning_rate": 0.02, "batch_size": 8, "max_epochs": 5, "patience": 2,
    "max_train_sentences": 60, "max_dev_sentences": 80}"#;

/// What a finished training leaves, but for times.
#[derive(Debug, PartialEq)]
struct Left {
    adapter: Vec<u8>,
    predictions: Vec<u8>,
    reports: Vec<(usize, usize, f64, f64, f64, f64, u64)>,
}

fn left(job: &TrainJob, recorder: &Recorder) -> Left {
    let of = |m: &EpochMetrics| {
        let right = m.dev.strict.true_positives;
        (m.epoch, m.step, m.train_loss, m.dev_loss, m.learning_rate, m.gradient_norm, right)
    };
    let reports = recorder.events.iter().filter_map(|event| match event {
        TrainerEvent::Epoch(metrics) => Some(of(metrics)),
        _ => None,
    });
    let file = |name: &str| std::fs::read(job.setup.out.join(name)).unwrap();
    Left {
        adapter: file("adapter/adapter_model.safetensors"),
        predictions: file("predictions.jsonl"),
        reports: reports.collect(),
    }
}

fn resumed(recorder: &Recorder) -> Option<Resumed> {
    recorder.events.iter().find_map(|event| match event {
        TrainerEvent::Started { resumed, .. } => *resumed,
        _ => None,
    })
}

/// The folder that all cases share, and what the undisturbed training left.
fn undisturbed() -> &'static (TempDir, Left) {
    static WHOLE: OnceLock<(TempDir, Left)> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let dir = folder();
        let job = job(dir.path(), PARAMS);
        let mut recorder = Recorder::default();
        train(&job, &mut recorder).unwrap();
        assert!(
            !job.setup.out.join("checkpoint.safetensors").exists(),
            "a finished job leaves its checkpoint"
        );
        let left = left(&job, &recorder);
        (dir, left)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    /// Killed after so many looks at the supervisor (one a step and one a batch of evaluation), again and again.
    #[test]
    fn killed_anywhere_it_ends_with_the_same_bits(
        kills in prop::collection::vec(0usize..45, 1..5), abruptly: bool, every_steps in 1usize..9,
    ) {
        let (dir, whole) = undisturbed();
        let out = tempfile::tempdir().unwrap();
        let checkpoint = CheckpointPlan { every_steps: Some(every_steps), ..CheckpointPlan::default() };
        let mut job = job(dir.path(), PARAMS);
        (job.setup.out, job.setup.checkpoint) = (out.path().to_owned(), checkpoint);
        for polls in kills {
            let mut recorder = Recorder { polls_left: Some(polls.into()), abruptly, ..Recorder::default() };
            let ended = catch_unwind(AssertUnwindSafe(|| train(&job, &mut recorder)));
            if let Ok(ended) = ended {
                prop_assert!(ended.is_ok() || ended.unwrap_err().reason() == ExitReason::Interrupted);
            }
        }
        let mut recorder = Recorder::default();
        train(&job, &mut recorder).unwrap();
        prop_assert_eq!(&left(&job, &recorder), whole);
    }
}

/// The steps are too small to change a prediction, but the loss falls.
#[test]
fn ties_go_to_the_lower_dev_loss_and_a_resumed_training_decides_alike() {
    const TIED: &str = r#"{"learning_rate": 1e-7, "batch_size": 8, "max_epochs": 4, "patience": 9,
        "max_train_sentences": 60, "max_dev_sentences": 40}"#;
    let dir = folder();
    let job_in = |out: &str| {
        let mut job = job(dir.path(), TIED);
        job.setup.out = dir.path().join(out);
        job
    };
    let mut recorder = Recorder::default();
    let whole = job_in("whole");
    let summary = train(&whole, &mut recorder).unwrap();
    let whole = left(&whole, &recorder);
    let losses: Vec<f64> = whole.reports.iter().map(|report| report.3).collect();
    assert!(whole.reports.iter().all(|report| report.6 == whole.reports[0].6), "the scores are tied");
    assert!(losses.is_sorted_by(|a, b| a > b), "{losses:?}");
    assert_eq!((summary.best_epoch, summary.dev_loss), (4, Some(losses[3])));

    let job = job_in("resumed");
    for polls in [12, 11] {
        let mut recorder = Recorder { polls_left: Some(polls.into()), ..Recorder::default() };
        assert_eq!(train(&job, &mut recorder).unwrap_err().reason(), ExitReason::Interrupted);
    }
    let mut recorder = Recorder::default();
    let again = train(&job, &mut recorder).unwrap();
    assert_eq!((again.best_epoch, again.dev_loss), (summary.best_epoch, summary.dev_loss));
    assert_eq!(left(&job, &recorder), whole);
}

#[test]
fn an_interrupt_keeps_the_very_step_and_the_next_run_says_where_it_goes_on() {
    let (dir, whole) = undisturbed();
    let out = tempfile::tempdir().unwrap();
    let mut job = job(dir.path(), PARAMS);
    job.setup.out = out.path().to_owned();
    let mut recorder = Recorder { polls_left: Some(13.into()), ..Recorder::default() };
    assert_eq!(train(&job, &mut recorder).unwrap_err().reason(), ExitReason::Interrupted);
    let mut recorder = Recorder::default();
    train(&job, &mut recorder).unwrap();
    // Eight steps and a batch of evaluation make an epoch: thirteen looks are epoch 1 and four steps.
    assert_eq!(resumed(&recorder), Some(Resumed { epochs: 1, step: 12 }));
    let carried: Vec<bool> = recorder
        .events
        .iter()
        .filter_map(|event| match event {
            TrainerEvent::Epoch(metrics) => Some(metrics.carried),
            _ => None,
        })
        .collect();
    assert!(carried[0] && carried[1..].iter().all(|carried| !carried), "{carried:?}");
    assert_eq!(&left(&job, &recorder), whole);
}

#[test]
fn the_checkpoint_of_another_job_is_refused_with_the_difference() {
    let (dir, _) = undisturbed();
    let out = tempfile::tempdir().unwrap();
    let mut job = job(dir.path(), PARAMS);
    job.setup.out = out.path().to_owned();
    let mut recorder = Recorder { polls_left: Some(5.into()), ..Recorder::default() };
    train(&job, &mut recorder).unwrap_err();
    let mut other = job.clone();
    other.setup.seed = 5;
    let error = train(&other, &mut Recorder::default()).unwrap_err();
    assert_eq!(error.reason(), ExitReason::InvalidCheckpoint);
    assert!(error.to_string().contains("another job: seed is 5 here and 4 there; remove it"), "{error}");
    other = TrainJob { train: dir.path().join("corpus/dev.conll"), ..job };
    let error = train(&other, &mut Recorder::default()).unwrap_err();
    assert!(error.to_string().contains("another job: train is "), "{error}");
}

#[test]
fn parts_of_a_batch_have_the_gradient_of_the_whole() {
    let (dir, _) = undisturbed();
    // Without dropout, whose masks depend on the parts.
    let config = dir.path().join("backbone/config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    let backbone = tempfile::tempdir().unwrap();
    for name in ["model.safetensors", "vocab.txt", "tokenizer_config.json"] {
        std::fs::copy(dir.path().join("backbone").join(name), backbone.path().join(name)).unwrap();
    }
    std::fs::write(backbone.path().join("config.json"), text.replace("_prob\": 0.1", "_prob\": 0.0"))
        .unwrap();
    let params = PARAMS
        .replace("0.02,", "0.02, \"lora_dropout\": 0.0,")
        .replace("\"max_epochs\": 5", "\"max_epochs\": 2");
    let reports = |micro_batch| {
        let out = tempfile::tempdir().unwrap();
        let mut job = TrainJob { micro_batch, ..job(dir.path(), &params) };
        (job.setup.out, job.setup.backbone) = (out.path().to_owned(), backbone.path().to_owned());
        let mut recorder = Recorder::default();
        train(&job, &mut recorder).unwrap();
        left(&job, &recorder).reports
    };
    let whole = reports(MicroBatch::Whole);
    for size in [1, 3] {
        let parts = reports(MicroBatch::Size(std::num::NonZeroUsize::new(size).unwrap()));
        for (a, b) in whole.iter().zip(&parts) {
            assert_eq!((a.0, a.1, a.4), (b.0, b.1, b.4));
            assert!((a.2 - b.2).abs() < 1e-4 && (a.3 - b.3).abs() < 1e-4, "losses {a:?} {b:?}");
            assert!((a.5 - b.5).abs() < 1e-3 * a.5, "gradient norms {a:?} {b:?}");
        }
    }
}
