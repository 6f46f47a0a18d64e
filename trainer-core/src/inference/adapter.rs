//! An adapter folder read back: `adapter_config.json`, `adapter_model.safetensors`, `ner_labels.json`.
//!
//! Owns what is accepted there. Must not know how the folder came to be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::Var;
use serde::Deserialize;

use super::InferenceError;
use crate::adapter::files::{CONFIG, LABELS};
use crate::adapter::{NerLabels, SavedAdapter, StartAdapter};
use crate::backbone::{BackboneError, EncoderConfig, Weights};
use crate::corpus::LabelSet;
use crate::corpus::windows::WindowShape;
use crate::model::LoraShape;

/// An adapter, read and checked as far as possible without its backbone.
#[derive(Debug)]
pub(super) struct AdapterFolder {
    dir: PathBuf,
    saved: SavedAdapter,
    labels: LabelSet,
    pub(super) shape: WindowShape,
}

/// The `base_model_name_or_path` of the adapter in `dir`.
///
/// # Errors
/// A missing or malformed `adapter_config.json`.
pub fn base_model(dir: &Path) -> Result<Option<String>, InferenceError> {
    #[derive(Deserialize)]
    struct Config {
        base_model_name_or_path: Option<String>,
    }
    let config: Config = json(&dir.join(CONFIG))?;
    Ok(config.base_model_name_or_path)
}

impl AdapterFolder {
    /// Reads the folder.
    ///
    /// # Errors
    /// What is missing or wrong, with the file.
    pub(super) fn open(dir: &Path) -> Result<Self, InferenceError> {
        let labels = NerLabels::read(dir)?;
        let shape = WindowShape {
            max_length: labels.max_length.unwrap_or(WindowShape::USUAL.max_length),
            stride: labels.stride.unwrap_or(WindowShape::USUAL.stride),
        };
        let problem = "id2label must name O as 0 and B- and I- tags from 1 on, without gaps";
        let labels = LabelSet::from_tags(labels.tags);
        let labels = labels.ok_or_else(|| fault(dir.join(LABELS), problem.into()))?;
        Ok(Self { dir: dir.to_owned(), saved: SavedAdapter::open(dir)?, labels, shape })
    }

    /// The tags of the head.
    pub(super) fn labels(&self) -> &LabelSet {
        &self.labels
    }

    /// Adds the start adapter, if there is one, to the weights.
    ///
    /// # Errors
    /// The start adapter is damaged, or belongs to another backbone.
    pub(super) fn prepare(
        &self,
        weights: &mut Weights,
        backbone: &EncoderConfig,
    ) -> Result<(), InferenceError> {
        match StartAdapter::beside(&self.dir)? {
            Some(start) => Ok(start.merge_into(weights, backbone)?),
            None => Ok(()),
        }
    }

    /// The branches of the model.
    ///
    /// # Errors
    /// A tensor that the model does not have, or has in another shape: the adapter belongs to another backbone.
    pub(super) fn lora(&self, backbone: &EncoderConfig) -> Result<LoraShape, InferenceError> {
        if self.saved.classifier().is_none() {
            return Err(fault(self.dir.clone(), "the adapter has no classifier: it tags nothing".into()));
        }
        self.saved.lora(backbone).map_err(with_advice)
    }

    /// Puts the adapter's values into a model's trainable tensors.
    ///
    /// # Errors
    /// A tensor that the model does not have, or has in another shape: the adapter belongs to another backbone.
    pub(super) fn fill(&self, trainable: &BTreeMap<String, Var>) -> Result<(), InferenceError> {
        self.saved.put_into(trainable).map_err(with_advice)
    }
}

fn with_advice(error: BackboneError) -> InferenceError {
    match error {
        BackboneError::Tensor { path, tensor, problem } => {
            let advice = "give the adapter's own backbone with --backbone";
            fault(path, format!("tensor {tensor}: {problem}; {advice}"))
        }
        error => error.into(),
    }
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, InferenceError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| InferenceError::Unreadable { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|error| fault(path.to_owned(), error.to_string()))
}

fn fault(path: PathBuf, problem: String) -> InferenceError {
    InferenceError::Adapter { path, problem }
}
