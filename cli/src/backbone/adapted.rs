//! A backbone with the adapter of a completed pretraining. Both are already in the store.

use anyhow::bail;
use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::backbone::{BackboneSpec, StartAdapter};
use pedigree_protocol::client::Client;
use pedigree_protocol::run::RunState;
use pedigree_trainer_core::backbone::START;

use super::files::listing;
use crate::upload;

/// The files of an adapter that decide what it computes.
const ADAPTER_FILES: [&str; 2] = ["adapter_config.json", "adapter_model.safetensors"];

/// The specification of a completed pretraining's backbone with its adapter.
pub(super) async fn spec(client: &Client, name: String, dapt: &str) -> anyhow::Result<BackboneSpec> {
    let dapt = client.dapt(dapt).await?;
    if dapt.run.state != RunState::Completed {
        bail!(
            "the pretraining {:?} has not completed; `pedigree dapt show {0}` shows its state",
            dapt.spec.name
        );
    }
    let start: Vec<ArtifactFile> = dapt.adapter.into_iter().filter_map(in_backbone).collect();
    if start.len() != ADAPTER_FILES.len() {
        bail!("the pretraining {:?} left no complete adapter", dapt.spec.name);
    }
    let base = client.backbone(&dapt.spec.backbone).await?.spec;
    let source = format!("pedigree dapt {}", dapt.spec.name);
    let start_adapter = StartAdapter { source, sha256: upload::hash(listing(start.iter()).as_bytes())? };
    let files = [base.files, start].concat();
    Ok(BackboneSpec {
        name,
        start_adapter: Some(start_adapter),
        sha256: upload::hash(listing(files.iter()).as_bytes())?,
        files,
        ..base
    })
}

/// The file by its name in a backbone's folder, if it belongs there.
fn in_backbone(file: ArtifactFile) -> Option<ArtifactFile> {
    let name = file.name.strip_prefix("adapter/")?;
    let belongs = ADAPTER_FILES.contains(&name);
    belongs.then(|| ArtifactFile { name: format!("{START}/{name}"), ..file })
}
