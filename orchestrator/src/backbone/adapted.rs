//! The backbone that a pretraining leaves: the files of its base with those of its adapter. All of them are in the store.

use pedigree_protocol::artifact::{ArtifactFile, Sha256};
use pedigree_protocol::backbone::{BackboneSpec, START_FOLDER, StartAdapter, listing};
use sha2::{Digest as _, Sha256 as Hasher};

use crate::artifact::sql::parse;
use crate::error::{ApiError, ApiResult};

/// The files of an adapter that decide what it computes.
const ADAPTER_FILES: [&str; 2] = ["adapter_config.json", "adapter_model.safetensors"];

/// The base with the adapter that the pretraining left, under a new name. `adapter` are the files of the completed
/// attempt, named `adapter/...`.
///
/// # Errors
/// When a file of the adapter is missing.
pub(crate) fn compose(
    name: &str,
    pretraining: &str,
    base: BackboneSpec,
    adapter: Vec<ArtifactFile>,
) -> ApiResult<BackboneSpec> {
    let start: Vec<ArtifactFile> = adapter.into_iter().filter_map(in_backbone).collect();
    if start.len() != ADAPTER_FILES.len() {
        return Err(ApiError::conflict(format!("the pretraining {pretraining:?} left no whole adapter")));
    }
    let source = format!("pedigree dapt {pretraining}");
    let start_adapter = StartAdapter { source, sha256: hash(&listing(start.iter()))? };
    let files = [base.files, start].concat();
    Ok(BackboneSpec {
        name: name.to_owned(),
        start_adapter: Some(start_adapter),
        sha256: hash(&listing(files.iter()))?,
        files,
        ..base
    })
}

/// The file by its name in a backbone's folder, if it belongs there.
fn in_backbone(file: ArtifactFile) -> Option<ArtifactFile> {
    let name = file.name.strip_prefix("adapter/")?;
    let belongs = ADAPTER_FILES.contains(&name);
    belongs.then(|| ArtifactFile { name: format!("{START_FOLDER}/{name}"), ..file })
}

fn hash(text: &str) -> ApiResult<Sha256> {
    parse(&hex::encode(Hasher::digest(text.as_bytes())))
}
