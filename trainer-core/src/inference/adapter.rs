//! An adapter folder read back: `adapter_config.json`, `adapter_model.safetensors`, `ner_labels.json`.
//!
//! Owns what is accepted there. Must not know how the folder came to be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor, Var};
use safetensors::SafeTensors;
use serde::Deserialize;

use super::InferenceError;
use crate::LoraTargets;
use crate::backbone::Family;
use crate::corpus::LabelSet;
use crate::corpus::windows::WindowShape;
use crate::model::LoraShape;

/// What is used of PEFT's `adapter_config.json`.
#[derive(Debug, Deserialize)]
struct PeftConfig {
    peft_type: String,
    base_model_name_or_path: Option<String>,
    r: usize,
    lora_alpha: f64,
    #[serde(default)]
    use_rslora: bool,
    target_modules: serde_json::Value,
}

/// What is used of `ner_labels.json`. Other trainers' files may lack the window.
#[derive(Debug, Deserialize)]
struct NerLabels {
    id2label: BTreeMap<usize, String>,
    max_length: Option<usize>,
    stride: Option<usize>,
}

/// An adapter, read and checked as far as that goes without its backbone.
#[derive(Debug)]
pub struct AdapterFolder {
    dir: PathBuf,
    config: PeftConfig,
    labels: LabelSet,
    pub(super) shape: WindowShape,
    weights: Vec<u8>,
}

/// The `base_model_name_or_path` of the adapter in `dir`.
///
/// # Errors
/// A missing or malformed `adapter_config.json`.
pub fn base_model(dir: &Path) -> Result<Option<String>, InferenceError> {
    let config: PeftConfig = json(&dir.join("adapter_config.json"))?;
    Ok(config.base_model_name_or_path)
}

impl AdapterFolder {
    /// Reads the folder.
    ///
    /// # Errors
    /// What is missing or wrong, with the file.
    pub fn open(dir: &Path) -> Result<Self, InferenceError> {
        let config: PeftConfig = json(&dir.join("adapter_config.json"))?;
        if config.peft_type != "LORA" {
            let problem =
                format!("peft_type is {:?}; adapters of type \"LORA\" can be used", config.peft_type);
            return Err(fault(dir.join("adapter_config.json"), problem));
        }
        let path = dir.join("ner_labels.json");
        let labels: NerLabels = json(&path)?;
        let shape = WindowShape {
            max_length: labels.max_length.unwrap_or(WindowShape::USUAL.max_length),
            stride: labels.stride.unwrap_or(WindowShape::USUAL.stride),
        };
        let rows = labels.id2label.keys().copied().eq(0..labels.id2label.len());
        let labels = rows.then(|| LabelSet::from_tags(labels.id2label.into_values().collect())).flatten();
        let problem = "id2label must name O as 0 and B- and I- tags from 1 on, without gaps";
        let labels = labels.ok_or_else(|| fault(path, problem.into()))?;
        let path = dir.join("adapter_model.safetensors");
        let weights = std::fs::read(&path).map_err(|source| InferenceError::Unreadable { path, source })?;
        Ok(Self { dir: dir.to_owned(), config, labels, shape, weights })
    }

    /// The tags that the head gives.
    pub fn labels(&self) -> &LabelSet {
        &self.labels
    }

    /// The branches of the model. Dropout is of no use after training.
    pub(super) fn lora(&self, family: Family) -> Result<LoraShape, InferenceError> {
        let PeftConfig { r, lora_alpha, use_rslora, target_modules, .. } = &self.config;
        let mut named: Vec<String> = serde_json::from_value(target_modules.clone()).unwrap_or_default();
        named.sort_unstable();
        let is = |targets: &LoraTargets| {
            let mut modules = family.modules(*targets).to_vec();
            modules.sort_unstable();
            modules == named
        };
        let targets = [LoraTargets::Qv, LoraTargets::Qkvo, LoraTargets::AllLinear].into_iter().find(is);
        let targets = targets.ok_or_else(|| {
            let problem =
                format!("target_modules {target_modules} are none of the sets qv, qkvo, all-linear");
            fault(self.dir.join("adapter_config.json"), problem)
        })?;
        // rsLoRA divides by the root of the rank: the same as a larger alpha.
        let alpha = if *use_rslora { lora_alpha * (*r as f64).sqrt() } else { *lora_alpha };
        Ok(LoraShape { rank: *r, alpha, dropout: 0.0, targets })
    }

    /// Puts the adapter's values into a model's trainable tensors.
    ///
    /// # Errors
    /// A tensor that only one of the two has, or of another shape: the adapter belongs to another backbone.
    pub(super) fn fill(&self, trainable: &BTreeMap<String, Var>) -> Result<(), InferenceError> {
        let path = self.dir.join("adapter_model.safetensors");
        let malformed = |problem: String| fault(path.clone(), problem);
        let file = SafeTensors::deserialize(&self.weights)
            .map_err(|error| malformed(format!("not a safetensors file: {error}")))?;
        if let Some(name) = file.names().into_iter().find(|name| !trainable.contains_key(*name)) {
            return Err(malformed(format!(
                "tensor {name} has no place in this backbone; give its own with --backbone"
            )));
        }
        let tensors = candle_core::safetensors::SliceSafetensors::new(&self.weights)
            .map_err(|error| malformed(error.to_string()))?;
        for (name, var) in trainable {
            let value = tensors
                .load(name, &Device::Cpu)
                .and_then(|tensor| tensor.to_dtype(DType::F32))
                .map_err(|error| malformed(format!("tensor {name}: {error}")))?;
            check_shape(name, &value, var).map_err(malformed)?;
            value
                .to_device(var.device())
                .and_then(|value| var.set(&value))
                .map_err(|error| malformed(format!("tensor {name}: {error}")))?;
        }
        Ok(())
    }
}

fn check_shape(name: &str, value: &Tensor, var: &Var) -> Result<(), String> {
    if value.dims() == var.dims() {
        return Ok(());
    }
    Err(format!(
        "tensor {name} has shape {:?}, the backbone asks for {:?}; give the adapter's own backbone with --backbone",
        value.dims(),
        var.dims()
    ))
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, InferenceError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| InferenceError::Unreadable { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|error| fault(path.to_owned(), error.to_string()))
}

fn fault(path: PathBuf, problem: String) -> InferenceError {
    InferenceError::Adapter { path, problem }
}
