//! Every tensor of an adapter against the backbone that it is put on: each has a place there, or the adapter is refused.

use std::collections::BTreeMap;

use super::saved::SavedAdapter;
use crate::LoraTargets;
use crate::backbone::{BackboneError, EncoderConfig, LinearShape, encoder_tensors};
use crate::model::peft::{CLASSIFIER_BIAS, CLASSIFIER_WEIGHT, LORA_A, LORA_B, OUTER};

impl SavedAdapter {
    /// Checks that every tensor has a place in a model on the backbone, and that no layer which the adapter names lacks its
    /// branch.
    ///
    /// # Errors
    /// The first tensor without a place, of another shape, or missing.
    pub(super) fn account(&self, backbone: &EncoderConfig) -> Result<(), BackboneError> {
        let inside = format!("{OUTER}{}.", backbone.family.module());
        let layers = linear_layers(backbone);
        for (name, tensor) in &self.tensors {
            let asked = match name.as_str() {
                CLASSIFIER_WEIGHT => vec![tensor.dims()[0], backbone.hidden_size],
                CLASSIFIER_BIAS => vec![tensor.elem_count()],
                _ => self.branch_shape(name, name.strip_prefix(&inside), &layers)?,
            };
            if tensor.dims() != asked {
                let problem = format!("has shape {:?}; the model asks for {asked:?}", tensor.dims());
                return Err(self.fault(name, problem));
            }
        }
        self.check_targets(&inside, backbone, &layers)
    }

    fn branch_shape(
        &self,
        name: &str,
        inside: Option<&str>,
        layers: &BTreeMap<String, LinearShape>,
    ) -> Result<Vec<usize>, BackboneError> {
        let rank = self.config.r;
        let find =
            |suffix| inside.and_then(|path| path.strip_suffix(suffix)).and_then(|path| layers.get(path));
        match (find(LORA_A), find(LORA_B)) {
            (Some(layer), _) => Ok(vec![rank, layer.input]),
            (_, Some(layer)) => Ok(vec![layer.output, rank]),
            (None, None) => {
                let problem = "the model has no such tensor; branches on the encoder's linear layers and a classifier are read";
                Err(self.fault(name, problem.into()))
            }
        }
    }

    /// What `target_modules` names in the backbone must be a linear layer with a branch.
    fn check_targets(
        &self,
        inside: &str,
        backbone: &EncoderConfig,
        layers: &BTreeMap<String, LinearShape>,
    ) -> Result<(), BackboneError> {
        let targets = self.config.targets().unwrap_or_default();
        let names = encoder_tensors(backbone);
        for path in names.iter().filter_map(|tensor| tensor.name.strip_suffix(".weight")) {
            let matches = |target: &&str| {
                path.strip_suffix(*target).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            let Some(target) = targets.iter().find(|target| matches(target)) else { continue };
            let name = format!("{inside}{path}{LORA_A}");
            if !layers.contains_key(path) {
                let problem =
                    format!("target_modules names {target}, which is no linear layer: not implemented");
                return Err(self.fault(&name, problem));
            }
            if !self.tensors.contains_key(&name) {
                return Err(self.fault(&name, format!("missing, though target_modules names {target}")));
            }
        }
        Ok(())
    }
}

/// The linear layers of the encoder by their paths.
fn linear_layers(backbone: &EncoderConfig) -> BTreeMap<String, LinearShape> {
    let layer = |name: &str, dims: &[usize]| {
        let path = name
            .strip_suffix(".weight")
            .filter(|path| backbone.family.covers(LoraTargets::AllLinear, path))?;
        let &[output, input] = dims else { return None };
        Some((path.to_owned(), LinearShape { output, input }))
    };
    encoder_tensors(backbone).iter().filter_map(|tensor| layer(&tensor.name, &tensor.dims)).collect()
}
