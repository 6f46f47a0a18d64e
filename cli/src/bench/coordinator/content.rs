//! The studies of the measurement: a space of six parameters over a made-up corpus and encoder.

use pedigree_protocol::Method;
use pedigree_protocol::client::Client;
use pedigree_protocol::study::StudySpec;
use serde_json::json;

use crate::simulated::content;

/// Epochs of a trial.
pub(super) const EPOCHS: u32 = 10;
pub(super) const DATASET: &str = "bench-corpus";
pub(super) const BACKBONE: &str = "bench-encoder";

/// Registers corpus and encoder.
pub(super) async fn register(client: &Client) -> anyhow::Result<()> {
    content::add_dataset(client, DATASET).await?;
    content::add_backbone(client, BACKBONE, 1000).await
}

/// More trials than any measurement completes.
pub(super) const WITHOUT_END: u32 = 100_000_000;

/// A study of this many trials over the corpus, `concurrent` of them open at a time.
pub(super) fn study(name: &str, method: Method, concurrent: u32, trials: u32) -> anyhow::Result<StudySpec> {
    let spec = json!({
        "name": name,
        "dataset": DATASET,
        "backbone": BACKBONE,
        "method": method,
        "metric": { "name": "dev_f1", "goal": "maximize", "protocol": "strict" },
        "parameters": [
            { "name": "learning_rate", "domain": { "kind": "float", "min": 1e-5, "max": 1e-2, "log": true } },
            { "name": "weight_decay", "domain": { "kind": "float", "min": 1e-4, "max": 0.3, "log": true } },
            { "name": "warmup_ratio", "domain": { "kind": "float", "min": 0.0, "max": 0.2 } },
            { "name": "lora_dropout", "domain": { "kind": "float", "min": 0.0, "max": 0.5 } },
            { "name": "lora_r", "domain": { "kind": "int", "min": 4, "max": 64, "log": true } },
            { "name": "lora_targets", "domain": { "kind": "categorical", "values": ["qv", "qkvo", "all-linear"] } },
        ],
        "trials": trials,
        "max_concurrent": concurrent,
        "retries": 1,
        "seed": 7,
    });
    Ok(serde_json::from_value(spec)?)
}
