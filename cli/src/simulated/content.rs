//! Made-up datasets and backbones under any names.

use std::collections::BTreeMap;

use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::backbone::{BackboneShape, BackboneSpec};
use pedigree_protocol::client::Client;
use pedigree_protocol::dataset::{DatasetSpec, Split, Splits};

use crate::upload::hash;

/// Registers a dataset of one sentence a split.
pub(crate) async fn add_dataset(client: &Client, name: &str) -> anyhow::Result<()> {
    let part = async |part: &str, sealed| {
        upload(client, format!("{name} {part}\n"), sealed).await.map(|file| split(&file))
    };
    let splits = Splits {
        train: part("train", false).await?,
        dev: part("dev", false).await?,
        test: part("test", true).await?,
    };
    let spec = DatasetSpec {
        name: name.into(),
        splits,
        entity_types: vec!["Drug".into()],
        test_in_train: 0,
        test_in_train_long: 0,
        synthetic: true,
        source: "made up".into(),
    };
    client.add_dataset(&spec).await?;
    Ok(())
}

/// Registers a backbone that is said to have so many parameters.
pub(crate) async fn add_backbone(client: &Client, name: &str, parameters: u64) -> anyhow::Result<()> {
    let file = upload(client, format!("{{\"made_up\": \"{name}\"}}"), false).await?;
    client.add_backbone(&backbone(name, parameters, file)).await?;
    Ok(())
}

async fn upload(client: &Client, content: String, sealed: bool) -> anyhow::Result<ArtifactFile> {
    let sha256 = hash(content.as_bytes())?;
    let bytes = i64::try_from(content.len())?;
    client.put_artifact(&sha256, sealed, content).await?;
    Ok(ArtifactFile { name: "config.json".into(), sha256, bytes })
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

fn backbone(name: &str, parameters: u64, file: ArtifactFile) -> BackboneSpec {
    let shape = BackboneShape {
        hidden: 8,
        layers: 1,
        heads: 2,
        intermediate: 16,
        vocab: 30,
        max_positions: 64,
        parameters,
    };
    BackboneSpec {
        name: name.into(),
        family: "bert".into(),
        source: "made up".into(),
        revision: None,
        shape,
        random_weights: true,
        layers_of_source: None,
        start_adapter: None,
        sha256: file.sha256.clone(),
        files: vec![file],
    }
}
