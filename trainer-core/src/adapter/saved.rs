//! An adapter folder read back: one of ours, or one that PEFT wrote.
//!
//! Owns what is refused: every setting of PEFT that changes the computation beyond plain LoRA.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor, Var};
use serde::Deserialize;
use serde_json::Value;

use super::files::{CONFIG, LABELS, WEIGHTS};
use crate::backbone::{BackboneError, Family, Weights, read_json};
use crate::model::LoraShape;
use crate::model::peft::{CLASSIFIER_BIAS, CLASSIFIER_WEIGHT, LORA_A, LORA_B, OUTER};
use crate::{LoraScaling, LoraTargets};

/// Trained tensors with what is needed to use them.
#[derive(Debug)]
pub(crate) struct SavedAdapter {
    path: PathBuf,
    config: Config,
    /// By PEFT name, f32.
    tensors: HashMap<String, Tensor>,
    /// Tags in the order of the classifier's rows; empty for a masked LM, or where no file names them.
    tags: Vec<String>,
}

/// The keys of `adapter_config.json` that matter.
#[derive(Debug, Deserialize)]
struct Config {
    peft_type: String,
    r: usize,
    lora_alpha: f64,
    #[serde(default)]
    lora_dropout: f64,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    use_dora: bool,
    #[serde(default)]
    lora_bias: bool,
    #[serde(default)]
    fan_in_fan_out: bool,
    bias: Option<String>,
    rank_pattern: Option<BTreeMap<String, Value>>,
    alpha_pattern: Option<BTreeMap<String, Value>>,
}

/// The part of `ner_labels.json` that is read.
#[derive(Deserialize)]
struct Labels {
    label2id: BTreeMap<String, usize>,
}

/// The classifier of an adapter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Classifier<'a> {
    /// `[labels, hidden]`.
    pub(super) weight: &'a Tensor,
    /// `[labels]`.
    pub(super) bias: &'a Tensor,
}

impl SavedAdapter {
    /// Reads the folder.
    ///
    /// # Errors
    /// A file that is missing or malformed, or a setting of PEFT that is not implemented.
    pub(crate) fn open(dir: &Path) -> Result<Self, BackboneError> {
        let config_path = dir.join(CONFIG);
        let config: Config = read_json(&config_path)?;
        config.check().map_err(|problem| BackboneError::Malformed { path: config_path, problem })?;
        let path = dir.join(WEIGHTS);
        let unreadable = |source| BackboneError::Unreadable { path: path.clone(), source };
        let malformed = |error: candle_core::Error| BackboneError::Malformed {
            path: path.clone(),
            problem: format!("not a file of safetensors: {error}"),
        };
        let bytes = std::fs::read(&path).map_err(unreadable)?;
        let stored = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).map_err(malformed)?;
        let as_f32 = |(name, tensor): (String, Tensor)| Ok((name, tensor.to_dtype(DType::F32)?));
        let tensors =
            stored.into_iter().map(as_f32).collect::<candle_core::Result<_>>().map_err(malformed)?;
        let labels = dir.join(LABELS);
        let tags = if labels.is_file() { ordered(&labels, read_json(&labels)?)? } else { Vec::new() };
        let saved = Self { path, config, tensors, tags };
        let unpaired = saved.tensors.keys().find(|name| {
            let other = name.strip_suffix(LORA_A).map(|path| format!("{path}{LORA_B}"));
            other.is_some_and(|other| !saved.tensors.contains_key(&other))
        });
        unpaired.map_or(Ok(()), |name| Err(saved.fault(name, "its lora_B is missing".into())))?;
        Ok(saved)
    }

    /// Tags in the order of the classifier's rows, as `ner_labels.json` names them, or else as transformers does. Empty for
    /// an adapter without a classifier.
    pub(crate) fn tags(&self) -> Vec<String> {
        match self.classifier() {
            None => Vec::new(),
            Some(Classifier { bias, .. }) if self.tags.len() != bias.elem_count() => {
                (0..bias.elem_count()).map(|id| format!("LABEL_{id}")).collect()
            }
            Some(_) => self.tags.clone(),
        }
    }

    /// The classifier, if the adapter has one.
    pub(crate) fn classifier(&self) -> Option<Classifier<'_>> {
        let (weight, bias) = (self.tensors.get(CLASSIFIER_WEIGHT)?, self.tensors.get(CLASSIFIER_BIAS)?);
        Some(Classifier { weight, bias })
    }

    /// The branches of a model that can hold this adapter. A layer that the adapter leaves out gets a branch whose B is
    /// zero, which adds nothing.
    ///
    /// # Errors
    /// A branch on a layer that no choice of targets covers.
    pub(crate) fn lora(&self, family: Family) -> Result<LoraShape, BackboneError> {
        let paths: Vec<&str> = self.pairs(family).map(|(path, ..)| path).collect();
        let choices = [LoraTargets::Qv, LoraTargets::Qkvo, LoraTargets::AllLinear];
        let covers = |targets: &LoraTargets| paths.iter().all(|path| family.covers(*targets, path));
        let Some(targets) = choices.into_iter().find(covers) else {
            let stray = paths.iter().find(|path| !family.covers(LoraTargets::AllLinear, path));
            return Err(
                self.fault(stray.copied().unwrap_or_default(), "is no linear layer of the encoder".into())
            );
        };
        let Config { r: rank, lora_alpha, lora_dropout: dropout, use_rslora, .. } = self.config;
        let scaling = if use_rslora { LoraScaling::Rslora } else { LoraScaling::Standard };
        Ok(LoraShape { rank, alpha: scaling.plain_alpha(lora_alpha, rank), dropout, targets })
    }

    /// Puts the trained values into a model's variables, which are named as in a PEFT adapter.
    ///
    /// # Errors
    /// A tensor that the model does not have, or has in another shape.
    pub(crate) fn put_into(&self, variables: &BTreeMap<String, Var>) -> Result<(), BackboneError> {
        for (name, tensor) in &self.tensors {
            let Some(variable) = variables.get(name) else {
                return Err(self.fault(name, "the model has no such tensor".into()));
            };
            if tensor.dims() != variable.dims() {
                let problem =
                    format!("has shape {:?}; the model asks for {:?}", tensor.dims(), variable.dims());
                return Err(self.fault(name, problem));
            }
            let value = tensor.to_device(variable.device());
            value
                .and_then(|value| variable.set(&value))
                .map_err(|error| self.fault(name, error.to_string()))?;
        }
        Ok(())
    }

    /// Adds every branch to the weight under it: W + scale B A.
    ///
    /// # Errors
    /// A branch on a layer that the backbone does not have, or of another shape.
    pub(crate) fn merge_into(&self, weights: &mut Weights, family: Family) -> Result<(), BackboneError> {
        let scale = self.lora(family)?.scale();
        for (path, a, b) in self.pairs(family) {
            let delta = b.matmul(a).and_then(|product| product * scale);
            let delta = delta.map_err(|error| self.fault(path, error.to_string()))?;
            weights.add(&format!("{path}.weight"), &delta)?;
        }
        Ok(())
    }

    /// Path inside the encoder, A and B of each branch.
    fn pairs(&self, family: Family) -> impl Iterator<Item = (&str, &Tensor, &Tensor)> {
        let inside = format!("{OUTER}{}.", family.module());
        self.tensors.iter().filter_map(move |(name, a)| {
            let path = name.strip_suffix(LORA_A)?;
            let b = self.tensors.get(&format!("{path}{LORA_B}"))?;
            Some((path.strip_prefix(&inside).unwrap_or(path), a, b))
        })
    }

    fn fault(&self, tensor: &str, problem: String) -> BackboneError {
        BackboneError::Tensor { path: self.path.clone(), tensor: tensor.to_owned(), problem }
    }
}

impl Config {
    fn check(&self) -> Result<(), String> {
        let filled =
            |pattern: &Option<BTreeMap<String, Value>>| pattern.as_ref().is_some_and(|map| !map.is_empty());
        let refused = [
            (self.peft_type != "LORA", "peft_type must be LORA"),
            (self.r == 0, "r must be at least 1"),
            (self.use_dora, "use_dora is not implemented"),
            (self.lora_bias, "lora_bias is not implemented"),
            (self.fan_in_fan_out, "fan_in_fan_out is not implemented"),
            (self.bias.as_deref().unwrap_or("none") != "none", "bias must be \"none\""),
            (filled(&self.rank_pattern), "rank_pattern is not implemented: all branches have rank r"),
            (filled(&self.alpha_pattern), "alpha_pattern is not implemented: all branches have lora_alpha"),
        ];
        refused.iter().find(|(wrong, _)| *wrong).map_or(Ok(()), |(_, problem)| Err((*problem).to_owned()))
    }
}

fn ordered(path: &Path, labels: Labels) -> Result<Vec<String>, BackboneError> {
    let mut by_id: Vec<(usize, String)> = labels.label2id.into_iter().map(|(tag, id)| (id, tag)).collect();
    by_id.sort();
    if by_id.iter().enumerate().any(|(at, (id, _))| at != *id) {
        let problem = "label2id must number the tags from 0 without gaps".to_owned();
        return Err(BackboneError::Malformed { path: path.to_owned(), problem });
    }
    Ok(by_id.into_iter().map(|(_, tag)| tag).collect())
}
