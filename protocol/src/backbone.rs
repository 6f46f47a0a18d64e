//! Backbones: pretrained encoders, known by the hashes of their files.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::artifact::{ArtifactFile, Sha256};
use crate::id::BackboneId;

/// Folder of a backbone's files that holds the adapter of its pretraining.
pub const START_FOLDER: &str = "dapt";

/// What the hash of several files is taken over: a `HASH  NAME` line for each file, by name.
pub fn listing<'a>(files: impl Iterator<Item = &'a ArtifactFile>) -> String {
    let mut lines: Vec<_> = files.map(|file| (&file.name, &file.sha256)).collect();
    lines.sort();
    lines.into_iter().map(|(name, sha256)| format!("{sha256}  {name}\n")).collect()
}

/// A name for the backbone that a completed pretraining has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdaptedName {
    /// Unique name: letters, digits, `.`, `_` and `-`.
    pub name: String,
}

/// What is registered for a backbone. Its files are uploaded first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackboneSpec {
    /// Unique name: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// Architecture family, such as `bert`.
    pub family: String,
    /// Where it came from: a folder, or `hf:ORG/NAME`.
    pub source: String,
    /// Revision at the source, where there is one.
    pub revision: Option<String>,
    /// Shape of the encoder.
    pub shape: BackboneShape,
    /// Layers of the source, where only its first ones were taken: `shape.layers` of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers_of_source: Option<u64>,
    /// Random weights instead of pretrained ones.
    pub random_weights: bool,
    /// Adapter of a pretraining, from which fine-tuning starts. Its files are among `files`, in `dapt/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_adapter: Option<StartAdapter>,
    /// Hash over the names and hashes of all files.
    pub sha256: Sha256,
    /// config.json, weights and tokenizer files.
    pub files: Vec<ArtifactFile>,
}

/// An adapter that is merged into a backbone before it is fine-tuned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartAdapter {
    /// Where it came from: a folder.
    pub source: String,
    /// Hash over the names and hashes of its files.
    pub sha256: Sha256,
}

/// Shape of an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackboneShape {
    /// Width of a hidden state.
    pub hidden: u64,
    /// Transformer layers.
    pub layers: u64,
    /// Attention heads per layer.
    pub heads: u64,
    /// Width of the feed-forward layer.
    pub intermediate: u64,
    /// Pieces in the vocabulary.
    pub vocab: u64,
    /// Longest input in pieces.
    pub max_positions: u64,
    /// Parameters of the encoder.
    pub parameters: u64,
}

/// A registered backbone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Backbone {
    /// Its id.
    pub id: BackboneId,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// What was registered.
    pub spec: BackboneSpec,
}
