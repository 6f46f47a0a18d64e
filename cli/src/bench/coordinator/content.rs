//! The content of the simulated studies: a made-up corpus and encoder, and a space of six parameters.

use std::collections::BTreeMap;

use pedigree_protocol::Method;
use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::backbone::{BackboneShape, BackboneSpec};
use pedigree_protocol::client::Client;
use pedigree_protocol::dataset::{DatasetSpec, Split, Splits};
use pedigree_protocol::study::StudySpec;
use serde_json::json;

use crate::upload::hash;

/// Epochs of a trial.
pub(super) const EPOCHS: u32 = 10;
pub(super) const DATASET: &str = "bench-corpus";
pub(super) const BACKBONE: &str = "bench-encoder";

/// Registers corpus and encoder.
pub(super) async fn register(client: &Client) -> anyhow::Result<()> {
    let mut splits = Vec::new();
    for (content, sealed) in [("train\n", false), ("dev\n", false), ("test\n", true)] {
        splits.push(split(&upload(client, content, sealed).await?));
    }
    let [train, dev, test] = <[Split; 3]>::try_from(splits).map_err(|_| anyhow::anyhow!("three splits"))?;
    client
        .add_dataset(&DatasetSpec {
            name: DATASET.into(),
            splits: Splits { train, dev, test },
            entity_types: vec!["Drug".into()],
            test_in_train: 0,
            test_in_train_long: 0,
            synthetic: true,
            source: "made up by pedigree bench".into(),
        })
        .await?;
    let file = upload(client, "{}", false).await?;
    client.add_backbone(&backbone(file)).await?;
    Ok(())
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

async fn upload(client: &Client, content: &'static str, sealed: bool) -> anyhow::Result<ArtifactFile> {
    let sha256 = hash(content.as_bytes())?;
    client.put_artifact(&sha256, sealed, content).await?;
    Ok(ArtifactFile { name: "config.json".into(), sha256, bytes: i64::try_from(content.len())? })
}

fn split(file: &ArtifactFile) -> Split {
    Split {
        sha256: file.sha256.clone(),
        bytes: file.bytes,
        scheme: "IOB2".into(),
        sentences: 1,
        tokens: 1,
        entities: BTreeMap::from([("Drug".into(), 1)]),
        longest_sentence: 1,
    }
}

fn backbone(file: ArtifactFile) -> BackboneSpec {
    let shape = BackboneShape {
        hidden: 8,
        layers: 1,
        heads: 2,
        intermediate: 16,
        vocab: 30,
        max_positions: 64,
        parameters: 1000,
    };
    BackboneSpec {
        name: BACKBONE.into(),
        family: "bert".into(),
        source: "made up by pedigree bench".into(),
        revision: None,
        shape,
        random_weights: true,
        layers_of_source: None,
        start_adapter: None,
        sha256: file.sha256.clone(),
        files: vec![file],
    }
}
