//! A study, its trials and its seal, for tests of how they are printed.

use pedigree_protocol::dapt::Dapt;
use pedigree_protocol::run::{Failure, FailureCause, Run, RunKind, RunState};
use pedigree_protocol::seal::Seal;
use pedigree_protocol::study::Study;
use serde_json::{Value, json};

const ID: &str = "019a0000-0000-7000-8000-000000000001";

pub(crate) fn study() -> Study {
    let study = json!({
        "id": ID,
        "spec": {
            "name": "try", "dataset": "synthetic", "backbone": "tiny", "method": "tpe",
            "metric": {"name": "dev_f1", "goal": "maximize"},
            "parameters": [
                {"name": "learning_rate", "domain": {"kind": "float", "min": 1e-4, "max": 1e-2, "log": true}},
                {"name": "batch_size", "domain": {"kind": "ordinal", "values": [16, 32]}},
            ],
            "fixed": {"max_epochs": 3}, "trials": 4, "max_concurrent": 1, "retries": 2, "seed": 42,
        },
        "state": "completed", "failure": null, "synthetic": true,
        "trials": {
            "waiting": 0, "leased": 0, "running": 1, "completed": 2, "pruned": 0, "failed": 1, "cancelled": 0,
        },
        "best": {"run_id": ID, "number": 3, "value": 0.5333, "params": {"batch_size": 16, "learning_rate": 2.5e-3}},
        "finals": [{"run_id": ID, "replicate": 1, "seed": 7, "state": "completed", "value": 0.51}],
        "test_run": null,
        "seal": null,
        "created_at": "2026-01-02T03:04:05Z", "ended_at": "2026-01-02T03:09:10Z",
    });
    serde_json::from_value(study).unwrap()
}

pub(crate) fn trial(number: i32, state: &str, value: Option<f64>) -> Run {
    let run = json!({
        "id": format!("019a0000-0000-7000-8000-{number:012}"), "queue_id": ID, "kind": "trial", "number": number,
        "state": state, "attempt": 1, "params": {"batch_size": 16, "learning_rate": 2.5e-3}, "value": value,
        "best_so_far": value, "epochs": 3, "failure": null, "created_at": "2026-01-02T03:04:05Z",
        "started_at": "2026-01-02T03:04:10Z",
        "ended_at": if value.is_some() { json!("2026-01-02T03:05:15Z") } else { Value::Null },
    });
    serde_json::from_value(run).unwrap()
}

/// A pretraining whose run is in that state; with its result, once completed.
pub(crate) fn dapt(state: &str) -> Dapt {
    let done = (state == "completed").then_some(12.0);
    let run = Run { kind: RunKind::Dapt, number: None, ..trial(1, state, done) };
    let file = |name: &str| json!({"name": name, "sha256": "ab".repeat(32), "bytes": 100});
    let scores =
        json!({"pseudo_perplexity": 12.0, "bits_per_character": 2.0, "masked_accuracy": 0.1, "masked": 9});
    let summary = done.map(|_| {
        json!({
            "before": scores, "after": scores, "steps": 3, "head_steps": 0, "trainable_parameters": 10,
            "seconds": 2.0, "peak_memory_bytes": 1,
        })
    });
    let dapt = json!({
        "id": ID,
        "spec": {
            "name": "adapted", "backbone": "tiny", "passages": file("passages.txt"),
            "held_out": file("held-out.txt"), "seed": 42, "retries": 2,
        },
        "run": run, "summary": summary, "adapter": [], "created_at": "2026-01-02T03:04:05Z",
    });
    serde_json::from_value(dapt).unwrap()
}

pub(crate) fn failed(number: i32, message: &str) -> Run {
    let failure = Failure::new(FailureCause::Diverged, message);
    Run { state: RunState::Failed, failure: Some(failure), ..trial(number, "running", None) }
}

pub(crate) fn seal() -> Seal {
    let score = json!({
        "precision": 0.8, "recall": 0.5, "f1": 0.61538, "true_positives": 40, "false_positives": 10, "false_negatives": 40,
    });
    let scores = json!({"strict": score, "conlleval": score});
    let seal = json!({
        "run_id": ID, "attempt": 1, "test_sha256": "ab".repeat(32), "opened_at": "2026-01-02T03:08:00Z", "openings": 1,
        "results": [{"run_id": ID, "seed": 7, "scores": {
            "overall": scores, "per_type": {"Disease": scores}, "sentences": 60, "windowed_sentences": 0, "orphan_tags": 2,
        }}],
        "sealed_at": "2026-01-02T03:09:00Z",
    });
    serde_json::from_value(seal).unwrap()
}
