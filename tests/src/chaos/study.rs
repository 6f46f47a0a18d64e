//! The studies and the grid that suffer: a corpus of one sentence, a backbone of one file, and a scripted trainer.

use pedigree_protocol::client::Client;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// How large a study is.
#[derive(Debug, Clone, Copy)]
pub struct StudySize {
    /// Trials in total.
    pub trials: u32,
    /// Trials open at a time.
    pub max_concurrent: u32,
    /// Epochs of each.
    pub epochs: u32,
}

impl Default for StudySize {
    fn default() -> Self {
        Self { trials: 6, max_concurrent: 3, epochs: 6 }
    }
}

fn hash(content: &str) -> String {
    hex::encode(Sha256::digest(content))
}

async fn upload(client: &Client, content: &'static str, sealed: bool) -> anyhow::Result<Value> {
    client.put_artifact(&hash(content).parse().map_err(anyhow::Error::msg)?, sealed, content).await?;
    Ok(json!({
        "sha256": hash(content), "bytes": content.len(), "scheme": "IOB2", "sentences": 1, "tokens": 1,
        "entities": {"Drug": 1}, "longest_sentence": 1
    }))
}

/// Registers dataset `corpus` and the backbones `encoder` and `other`.
///
/// # Errors
/// The coordinator refuses.
pub async fn register_content(client: &Client) -> anyhow::Result<()> {
    let dataset = json!({
        "name": "corpus",
        "splits": {
            "train": upload(client, "Aspirin\tB-Drug\n", false).await?,
            "dev": upload(client, "Heparin\tB-Drug\n", false).await?,
            "test": upload(client, "Warfarin\tB-Drug\n", true).await?,
        },
        "entity_types": ["Drug"], "test_in_train": 0, "test_in_train_long": 0, "synthetic": true,
        "source": "a test",
    });
    client.add_dataset(&serde_json::from_value(dataset)?).await?;
    upload(client, "{}", false).await?;
    for name in ["encoder", "other"] {
        client.add_backbone(&serde_json::from_value(backbone(name))?).await?;
    }
    Ok(())
}

fn backbone(name: &str) -> Value {
    json!({
        "name": name, "family": "bert", "source": "a test", "revision": null, "random_weights": true,
        "shape": {"hidden": 8, "layers": 1, "heads": 2, "intermediate": 16, "vocab": 30, "max_positions": 64,
            "parameters": 1000},
        "sha256": hash("{}"),
        "files": [{"name": "config.json", "sha256": hash("{}"), "bytes": 2}],
    })
}

/// Creates a study. Its retries are more than any schedule uses up: what the schedule kills is not the run's fault.
///
/// # Errors
/// The coordinator refuses.
pub async fn create_study(client: &Client, name: &str, size: StudySize) -> anyhow::Result<()> {
    let spec = json!({
        "name": name, "dataset": "corpus", "backbone": "encoder", "method": "random",
        "metric": {"name": "dev_f1", "goal": "maximize"},
        "parameters": [{"name": "learning_rate",
            "domain": {"kind": "float", "min": 1e-5, "max": 1e-2, "log": true}}],
        "fixed": {"max_epochs": size.epochs},
        "trials": size.trials, "max_concurrent": size.max_concurrent, "retries": 50, "lost_retries": 50,
        "study_retries": 1000, "seed": 7,
    });
    client.create_study(&serde_json::from_value(spec)?).await?;
    Ok(())
}

/// Creates a grid of the dataset and both backbones, two trials and a final run each; the winner meets the test split.
///
/// # Errors
/// The coordinator refuses.
pub async fn create_grid(client: &Client, name: &str, epochs: u32) -> anyhow::Result<()> {
    let spec = json!({
        "name": name, "datasets": [{"name": "corpus"}], "backbones": [{"name": "encoder"}, {"name": "other"}],
        "study": {
            "method": "random", "metric": {"name": "dev_f1", "goal": "maximize"},
            "parameters": [{"name": "learning_rate",
                "domain": {"kind": "float", "min": 1e-5, "max": 1e-2, "log": true}}],
            "fixed": {"max_epochs": epochs}, "trials": 2, "max_concurrent": 2, "retries": 50, "lost_retries": 50,
            "study_retries": 1000,
        },
        "max_concurrent": 2, "seed": 7,
    });
    client.create_grid(&serde_json::from_value(spec)?).await?;
    Ok(())
}
