//! `lm_head.safetensors`: the masked-LM head that a pretraining trained for a backbone without one.
//!
//! Owns the file's name and its place in a merged model. Must not know branches.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::backbone::{BackboneError, EncoderConfig, TensorShape, Weights, head_tensors, read_bytes};
use crate::values::{NamedValues, Values};

/// The file.
pub(crate) const HEAD: &str = "lm_head.safetensors";

/// A head, read and checked.
pub(super) struct SavedHead {
    tensors: NamedValues,
}

impl SavedHead {
    /// The head beside an adapter on `weights`, if there is one.
    ///
    /// # Errors
    /// A file that is not the head of such a backbone: each tensor has a place there, and none is missing.
    pub(super) fn beside(
        adapter: &Path,
        weights: &Weights,
        config: &EncoderConfig,
    ) -> Result<Option<Self>, BackboneError> {
        let path = adapter.join(HEAD);
        if !path.is_file() {
            return Ok(None);
        }
        let refused = |problem: String| BackboneError::Malformed { path: path.clone(), problem };
        let bytes = read_bytes(&path)?;
        let stored = candle_core::safetensors::load_buffer(&bytes, &candle_core::Device::Cpu)
            .map_err(|error| refused(format!("not a file of safetensors: {error}")))?;
        let mut tensors = NamedValues::new();
        for (name, tensor) in stored {
            let values = tensor.to_dtype(candle_core::DType::F32).and_then(|tensor| Values::of(&tensor));
            tensors.insert(name, values.map_err(|error| refused(error.to_string()))?);
        }
        check(&path, &tensors, head_tensors(config))?;
        if let Some(own) = tensors.keys().find(|name| weights.holds(name)) {
            return Err(refused(format!("the backbone has a masked-LM head of its own ({own})")));
        }
        Ok(Some(Self { tensors }))
    }

    /// The model for masked-language modelling: the encoder under its family's module, and this head.
    pub(super) fn on(self, encoder: NamedValues, config: &EncoderConfig, is_plain: bool) -> NamedValues {
        let module = config.family.module();
        let inside = |name: String| if is_plain { format!("{module}.{name}") } else { name };
        let mut tensors: NamedValues =
            encoder.into_iter().map(|(name, values)| (inside(name), values)).collect();
        tensors.extend(self.tensors);
        tensors
    }

    /// What `config.json` says of such a model.
    pub(super) fn describe(&self, settings: &mut Map<String, Value>, config: &EncoderConfig) {
        let class = format!("{}ForMaskedLM", config.family.class_prefix());
        settings.insert("architectures".into(), json!([class]));
        if let Some(legacy) = config.family.head_layouts()[0].legacy {
            settings.insert("legacy".into(), json!(legacy));
        }
    }
}

fn check(path: &Path, tensors: &NamedValues, asked: Vec<TensorShape>) -> Result<(), BackboneError> {
    let fault = |tensor: &str, problem: String| BackboneError::Tensor {
        path: path.to_owned(),
        tensor: tensor.to_owned(),
        problem,
    };
    let mut asked: BTreeMap<String, Vec<usize>> =
        asked.into_iter().map(|TensorShape { name, dims }| (name, dims)).collect();
    for (name, values) in tensors {
        match asked.remove(name) {
            None => return Err(fault(name, "a masked-LM head of this family has no such tensor".into())),
            Some(dims) if dims != values.shape => {
                let problem = format!("has shape {:?}; config.json asks for {dims:?}", values.shape);
                return Err(fault(name, problem));
            }
            Some(_) => {}
        }
    }
    asked.keys().next().map_or(Ok(()), |missing| Err(fault(missing, "missing".into())))
}
