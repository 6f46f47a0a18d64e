//! The weights file of a backbone: tensors by their name inside the encoder.
//!
//! Owns the spelling of names (with or without the `bert.` prefix). Must not know what the tensors are for.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;

use super::{BackboneError, BertConfig};

/// `model.safetensors`, held in memory.
pub(crate) struct Weights {
    path: PathBuf,
    bytes: Vec<u8>,
    prefix: &'static str,
}

const FIRST: &str = "embeddings.word_embeddings.weight";

impl Weights {
    /// Opens `model.safetensors` in `dir`.
    ///
    /// # Errors
    /// A file that is missing, no safetensors file, or of another architecture.
    pub(crate) fn open(dir: &Path) -> Result<Self, BackboneError> {
        let path = dir.join("model.safetensors");
        let bytes = std::fs::read(&path)
            .map_err(|source| BackboneError::Unreadable { path: path.clone(), source })?;
        let file = parsed(&path, &bytes)?;
        let prefix =
            ["", "bert."].into_iter().find(|prefix| file.tensor(&format!("{prefix}{FIRST}")).is_ok());
        let Some(prefix) = prefix else {
            return Err(BackboneError::Tensor { path, tensor: FIRST.into(), problem: "missing".into() });
        };
        Ok(Self { path, bytes, prefix })
    }

    /// The tensor `name` as f32 on `device`, with the given shape.
    ///
    /// # Errors
    /// A tensor that is missing, of another shape, or not of floating point.
    pub(crate) fn get(&self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor, BackboneError> {
        self.checked(&parsed(&self.path, &self.bytes)?, name, shape)?;
        let file = candle_core::safetensors::SliceSafetensors::new(&self.bytes);
        let full = format!("{}{name}", self.prefix);
        file.and_then(|file| file.load(&full, device)?.to_dtype(DType::F32))
            .map_err(|error| self.fault(name, error.to_string()))
    }

    /// Checks the presence and the shape of every tensor that the encoder reads.
    ///
    /// # Errors
    /// The first tensor that is missing or of another shape.
    pub(crate) fn check(&self, config: &BertConfig) -> Result<(), BackboneError> {
        let file = parsed(&self.path, &self.bytes)?;
        encoder_tensors(config).iter().try_for_each(|(name, shape)| self.checked(&file, name, shape))
    }

    /// Values in the file.
    pub(crate) fn parameters(&self) -> u64 {
        let count = |file: SafeTensors<'_>| {
            file.iter()
                .filter(|(_, tensor)| is_float(tensor.dtype()))
                .map(|(_, tensor)| tensor.shape().iter().map(|&n| n as u64).product::<u64>())
                .sum()
        };
        parsed(&self.path, &self.bytes).map_or(0, count)
    }

    fn checked(&self, file: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<(), BackboneError> {
        let Ok(tensor) = file.tensor(&format!("{}{name}", self.prefix)) else {
            return Err(self.fault(name, "missing".into()));
        };
        if tensor.shape() != shape {
            return Err(
                self.fault(name, format!("has shape {:?}; config.json asks for {shape:?}", tensor.shape()))
            );
        }
        if !is_float(tensor.dtype()) {
            return Err(self.fault(name, format!("holds {:?}; floating point is needed", tensor.dtype())));
        }
        Ok(())
    }

    fn fault(&self, name: &str, problem: String) -> BackboneError {
        BackboneError::Tensor { path: self.path.clone(), tensor: format!("{}{name}", self.prefix), problem }
    }
}

fn is_float(dtype: safetensors::Dtype) -> bool {
    use safetensors::Dtype::{BF16, F16, F32, F64};
    matches!(dtype, F16 | BF16 | F32 | F64)
}

fn parsed<'a>(path: &Path, bytes: &'a [u8]) -> Result<SafeTensors<'a>, BackboneError> {
    SafeTensors::deserialize(bytes).map_err(|error| BackboneError::Malformed {
        path: path.to_owned(),
        problem: format!("not a safetensors file: {error}"),
    })
}

/// Name and shape of every tensor of a BERT encoder.
pub(super) fn encoder_tensors(config: &BertConfig) -> Vec<(String, Vec<usize>)> {
    let (hidden, inner) = (config.hidden_size, config.intermediate_size);
    let mut tensors = vec![
        (FIRST.to_owned(), vec![config.vocab_size, hidden]),
        ("embeddings.position_embeddings.weight".to_owned(), vec![config.max_position_embeddings, hidden]),
        ("embeddings.token_type_embeddings.weight".to_owned(), vec![config.type_vocab_size, hidden]),
    ];
    let mut norm = |name: String| {
        tensors.push((format!("{name}.weight"), vec![hidden]));
        tensors.push((format!("{name}.bias"), vec![hidden]));
    };
    norm("embeddings.LayerNorm".into());
    for layer in 0..config.num_hidden_layers {
        norm(format!("encoder.layer.{layer}.attention.output.LayerNorm"));
        norm(format!("encoder.layer.{layer}.output.LayerNorm"));
    }
    for layer in 0..config.num_hidden_layers {
        for (site, output, input) in [
            ("attention.self.query", hidden, hidden),
            ("attention.self.key", hidden, hidden),
            ("attention.self.value", hidden, hidden),
            ("attention.output.dense", hidden, hidden),
            ("intermediate.dense", inner, hidden),
            ("output.dense", hidden, inner),
        ] {
            tensors.push((format!("encoder.layer.{layer}.{site}.weight"), vec![output, input]));
            tensors.push((format!("encoder.layer.{layer}.{site}.bias"), vec![output]));
        }
    }
    tensors
}

/// Values in a BERT encoder, without pooler and heads.
pub(crate) fn encoder_parameters(config: &BertConfig) -> u64 {
    encoder_tensors(config).iter().map(|(_, shape)| shape.iter().map(|&n| n as u64).product::<u64>()).sum()
}
