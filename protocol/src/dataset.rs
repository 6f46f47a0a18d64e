//! Datasets: a named corpus of three splits, each known by its content hash.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::artifact::Sha256;
use crate::id::DatasetId;

/// What is registered for a dataset. The splits are uploaded first, in canonical form (IOB2, tab, LF); the test split
/// is sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetSpec {
    /// Unique name: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// The three splits.
    pub splits: Splits,
    /// Entity types of train and dev, sorted.
    pub entity_types: Vec<String>,
    /// Distinct test sentences that also occur in train.
    pub test_in_train: u64,
    /// The same, among sentences of more than five tokens.
    pub test_in_train_long: u64,
    /// Made by `pedigree data synth`, not by people.
    pub synthetic: bool,
    /// Where it came from, for people.
    pub source: String,
}

/// The three splits of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Splits {
    /// Training split.
    pub train: Split,
    /// Development split.
    pub dev: Split,
    /// Test split. Only a study's final run gets its content.
    pub test: Split,
}

/// One split: its content hash and its counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Split {
    /// Hash of the canonical file.
    pub sha256: Sha256,
    /// Size of the canonical file.
    pub bytes: i64,
    /// Tagging scheme of the file that was read, such as `IOB2`.
    pub scheme: String,
    /// Sentences.
    pub sentences: u64,
    /// Tokens.
    pub tokens: u64,
    /// Entities by type.
    pub entities: BTreeMap<String, u64>,
    /// Tokens of the longest sentence.
    pub longest_sentence: u64,
}

/// A registered dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Dataset {
    /// Its id.
    pub id: DatasetId,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// What was registered.
    pub spec: DatasetSpec,
}
