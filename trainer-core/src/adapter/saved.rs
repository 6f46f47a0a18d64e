//! An adapter folder read back: one of ours, or one that PEFT wrote.
//!
//! The one reader of the format, for evaluation, export and starts alike. Settings that are not plain LoRA are refused in
//! `config.rs`, tensors without a place in `account.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor, Var};

use super::config::Config;
use super::files::{CONFIG, LABELS, WEIGHTS};
use super::labels::NerLabels;
use crate::LoraTargets;
use crate::backbone::{BackboneError, EncoderConfig, Family, Weights, read_bytes, read_json};
use crate::model::LoraShape;
use crate::model::peft::{CLASSIFIER_BIAS, CLASSIFIER_WEIGHT, LORA_A, LORA_B, OUTER};

/// Trained tensors with what is needed to use them.
#[derive(Debug)]
pub(crate) struct SavedAdapter {
    path: PathBuf,
    pub(super) config: Config,
    /// By PEFT name, f32.
    pub(super) tensors: BTreeMap<String, Tensor>,
    /// What `ner_labels.json` says, where it is there.
    labels: Option<NerLabels>,
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
    /// A file that is missing or malformed, a setting of PEFT that is not implemented, or files that do not fit each other.
    pub(crate) fn open(dir: &Path) -> Result<Self, BackboneError> {
        let config_path = dir.join(CONFIG);
        let config = Config::new(read_json(&config_path)?)
            .map_err(|problem| BackboneError::Malformed { path: config_path, problem })?;
        let path = dir.join(WEIGHTS);
        let malformed = |error: candle_core::Error| BackboneError::Malformed {
            path: path.clone(),
            problem: format!("not a file of safetensors: {error}"),
        };
        let bytes = read_bytes(&path)?;
        let stored = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).map_err(malformed)?;
        let mut tensors = BTreeMap::new();
        for (name, tensor) in stored {
            if !tensor.dtype().is_float() {
                let problem = format!("holds {:?}; floating point is needed", tensor.dtype());
                return Err(BackboneError::Tensor { path, tensor: name, problem });
            }
            tensors.insert(name, tensor.to_dtype(DType::F32).map_err(malformed)?);
        }
        let labels = dir.join(LABELS).is_file().then(|| NerLabels::read(dir)).transpose()?;
        let saved = Self { path, config, tensors, labels };
        saved.check_values()?;
        saved.check_pairs()?;
        saved.check_classifier()?;
        Ok(saved)
    }

    /// Refuses values that no computation survives: a training that diverged leaves them.
    fn check_values(&self) -> Result<(), BackboneError> {
        for (name, tensor) in &self.tensors {
            // A sum is finite only where all its parts are, unless it overflows, which no trained tensor comes near.
            let sum = tensor.abs().and_then(|values| values.sum_all()).and_then(|sum| sum.to_scalar::<f32>());
            let sum = sum.map_err(|error| self.fault(name, error.to_string()))?;
            if !sum.is_finite() {
                return Err(
                    self.fault(name, "holds NaN or an infinite value; its training has diverged".into())
                );
            }
        }
        Ok(())
    }

    /// Refuses a branch that has A but not B, or B but not A.
    fn check_pairs(&self) -> Result<(), BackboneError> {
        for name in self.tensors.keys() {
            for (this, other) in [(LORA_A, LORA_B), (LORA_B, LORA_A)] {
                let Some(path) = name.strip_suffix(this) else { continue };
                let partner = format!("{path}{other}");
                if !self.tensors.contains_key(&partner) {
                    return Err(self.fault(&partner, format!("missing, though {name} is there")));
                }
            }
        }
        Ok(())
    }

    /// A tagger has a whole classifier, with a row for each tag.
    fn check_classifier(&self) -> Result<(), BackboneError> {
        let holds = |name: &&str| self.tensors.contains_key(*name);
        let parts = [CLASSIFIER_WEIGHT, CLASSIFIER_BIAS];
        let is_asked = self.config.is_tagger() || self.labels.is_some() || parts.iter().any(holds);
        if let Some(missing) = parts.into_iter().find(|name| is_asked && !holds(name)) {
            return Err(self.fault(missing, "missing: a tagger cannot do without its classifier".into()));
        }
        let Some(Classifier { weight, bias }) = self.classifier() else { return Ok(()) };
        let rows = bias.elem_count();
        if weight.dims().first() != Some(&rows) || bias.dims().len() != 1 {
            let problem = format!("has shape {:?}, but the bias has {:?}", weight.dims(), bias.dims());
            return Err(self.fault(CLASSIFIER_WEIGHT, problem));
        }
        match &self.labels {
            Some(labels) if labels.tags.len() != rows => {
                let problem = format!("has {rows} rows, but {LABELS} names {} tags", labels.tags.len());
                Err(self.fault(CLASSIFIER_WEIGHT, problem))
            }
            _ => Ok(()),
        }
    }

    /// Tags in the order of the classifier's rows, as `ner_labels.json` names them, or else as transformers does. Empty for
    /// an adapter without a classifier.
    pub(crate) fn tags(&self) -> Vec<String> {
        match (&self.labels, self.classifier()) {
            (_, None) => Vec::new(),
            (Some(labels), Some(_)) => labels.tags.clone(),
            (None, Some(Classifier { bias, .. })) => {
                (0..bias.elem_count()).map(|id| format!("LABEL_{id}")).collect()
            }
        }
    }

    /// The classifier, if the adapter has one.
    pub(crate) fn classifier(&self) -> Option<Classifier<'_>> {
        let (weight, bias) = (self.tensors.get(CLASSIFIER_WEIGHT)?, self.tensors.get(CLASSIFIER_BIAS)?);
        Some(Classifier { weight, bias })
    }

    /// The branches of a model on the backbone that can hold this adapter. A layer that the adapter leaves out gets a branch
    /// whose B is zero, which adds nothing.
    ///
    /// # Errors
    /// A tensor that has no place in such a model.
    pub(crate) fn lora(&self, backbone: &EncoderConfig) -> Result<LoraShape, BackboneError> {
        self.account(backbone)?;
        let family = backbone.family;
        let choices = [LoraTargets::None, LoraTargets::Qv, LoraTargets::Qkvo];
        let covers =
            |targets: &LoraTargets| self.pairs(family).all(|(path, ..)| family.covers(*targets, path));
        Ok(self.config.shape(choices.into_iter().find(covers).unwrap_or(LoraTargets::AllLinear)))
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
    /// A tensor that the backbone has no place for.
    pub(crate) fn merge_into(
        &self,
        weights: &mut Weights,
        backbone: &EncoderConfig,
    ) -> Result<(), BackboneError> {
        let scale = self.lora(backbone)?.scale();
        for (path, a, b) in self.pairs(backbone.family) {
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

    /// The fault of the whole file.
    pub(super) fn refused(&self, problem: &str) -> BackboneError {
        BackboneError::Malformed { path: self.path.clone(), problem: problem.to_owned() }
    }

    pub(super) fn fault(&self, tensor: &str, problem: String) -> BackboneError {
        BackboneError::Tensor { path: self.path.clone(), tensor: tensor.to_owned(), problem }
    }
}
