//! The weights of a backbone: tensors by their name inside the encoder.
//!
//! Owns the spelling of names: with or without the family's prefix, and the old `gamma` / `beta` of layer norms. Must not know
//! file formats, or what the tensors are for.

#[cfg(test)]
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};

use super::layout::{TensorShape, encoder_tensors};
use super::names;
use super::weights_files::WeightsFile;
use super::{BackboneError, EncoderConfig, Family};
use crate::values::{NamedValues, Values};

/// All tensors of a backbone's weights, in memory.
pub(crate) struct Weights {
    path: PathBuf,
    tensors: HashMap<String, Tensor>,
    /// What the names of the encoder's tensors start with in this file.
    prefix: String,
}

impl Weights {
    /// Reads the weights in `dir`.
    ///
    /// # Errors
    /// A file that is missing, malformed, or of another architecture.
    pub(crate) fn open(dir: &Path, family: Family) -> Result<Self, BackboneError> {
        let file = WeightsFile::find(dir)?;
        let (tensors, path) = (file.read()?, file.path);
        let prefixes = [String::new(), format!("{}.", family.module())];
        let holds = |prefix: &String| tensors.contains_key(&format!("{prefix}{}", names::WORDS));
        let Some(prefix) = prefixes.into_iter().find(holds) else {
            return Err(BackboneError::Tensor {
                path,
                tensor: names::WORDS.into(),
                problem: "missing".into(),
            });
        };
        Ok(Self { path, tensors, prefix })
    }

    /// Tensors by their names inside the encoder, without a file. Errors name `path` instead.
    pub(super) fn in_memory(path: PathBuf, tensors: HashMap<String, Tensor>) -> Self {
        Self { path, tensors, prefix: String::new() }
    }

    /// The encoder's tensor `name` as f32 on `device`, with the given shape.
    ///
    /// # Errors
    /// A tensor that is missing, of another shape, or not of floating point.
    pub(crate) fn get(&self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor, BackboneError> {
        self.outside(&format!("{}{name}", self.prefix), shape, device)
    }

    /// The same for a tensor outside the encoder: a head, by its whole name.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn outside(
        &self,
        name: &str,
        shape: &[usize],
        device: &Device,
    ) -> Result<Tensor, BackboneError> {
        let tensor = self.checked(name, shape)?;
        tensor
            .to_device(device)
            .and_then(|tensor| tensor.to_dtype(DType::F32))
            .map_err(|error| self.fault(name, error.to_string()))
    }

    /// Whether the file holds a tensor of this whole name.
    pub(crate) fn holds(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Whether the names of the encoder's tensors start with nothing, as in a file of the encoder only.
    pub(crate) fn is_plain(&self) -> bool {
        self.prefix.is_empty()
    }

    /// Checks the presence and the shape of every tensor that the encoder reads.
    ///
    /// # Errors
    /// The first tensor that is missing or of another shape.
    pub(crate) fn check(&self, config: &EncoderConfig) -> Result<(), BackboneError> {
        encoder_tensors(config).iter().try_for_each(|TensorShape { name, dims }| {
            self.checked(&format!("{}{name}", self.prefix), dims).map(drop)
        })
    }

    /// Adds `delta` to the encoder's tensor `name`, which becomes f32.
    ///
    /// # Errors
    /// A tensor that is missing or of another shape.
    pub(crate) fn add(&mut self, name: &str, delta: &Tensor) -> Result<(), BackboneError> {
        let name = format!("{}{name}", self.prefix);
        let weight = self.outside(&name, delta.dims(), &Device::Cpu)?;
        let sum = (weight + delta).map_err(|error| self.fault(&name, error.to_string()))?;
        self.tensors.insert(name, sum);
        Ok(())
    }

    /// Every tensor of floating point, by its name in the file.
    ///
    /// # Errors
    /// A tensor that cannot be converted.
    pub(crate) fn all(&self) -> Result<NamedValues, BackboneError> {
        let floats = self.tensors.iter().filter(|(_, tensor)| tensor.dtype().is_float());
        let values = |tensor: &Tensor| Values::of(&tensor.to_dtype(DType::F32)?);
        floats
            .map(|(name, tensor)| {
                let values = values(tensor).map_err(|error| self.fault(name, error.to_string()))?;
                Ok((name.clone(), values))
            })
            .collect()
    }

    /// Values in the file.
    pub(crate) fn parameters(&self) -> u64 {
        let floats = self.tensors.values().filter(|tensor| tensor.dtype().is_float());
        floats.map(|tensor| tensor.elem_count() as u64).sum()
    }

    /// The fault of a `config.json` that does not fit this file.
    pub(crate) fn refused(&self, problem: &str) -> BackboneError {
        BackboneError::Malformed {
            path: self.path.with_file_name("config.json"),
            problem: problem.to_owned(),
        }
    }

    fn checked(&self, name: &str, shape: &[usize]) -> Result<&Tensor, BackboneError> {
        let old =
            name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
        let Some(tensor) = self.tensors.get(name).or_else(|| self.tensors.get(&old)) else {
            return Err(self.fault(name, "missing".into()));
        };
        if tensor.dims() != shape {
            let problem = format!("has shape {:?}; config.json asks for {shape:?}", tensor.dims());
            return Err(self.fault(name, problem));
        }
        if !tensor.dtype().is_float() {
            return Err(self.fault(name, format!("holds {:?}; floating point is needed", tensor.dtype())));
        }
        Ok(tensor)
    }

    fn fault(&self, name: &str, problem: String) -> BackboneError {
        BackboneError::Tensor { path: self.path.clone(), tensor: name.to_owned(), problem }
    }

    /// Makes a variable of every tensor, so that a model built from these weights is trained whole. By names in the file.
    #[cfg(test)]
    pub(crate) fn variables(&mut self) -> BTreeMap<String, candle_core::Var> {
        let mut variables = BTreeMap::new();
        for (name, tensor) in &mut self.tensors {
            let variable = candle_core::Var::from_tensor(tensor).unwrap();
            *tensor = variable.as_tensor().clone();
            variables.insert(name.clone(), variable);
        }
        variables
    }
}
