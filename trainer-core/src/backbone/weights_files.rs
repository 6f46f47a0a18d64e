//! The files of a backbone's weights: which of a folder are read, and how.
//!
//! Owns the formats: safetensors or PyTorch's zipped pickle, in one file or in shards with an index. Must not know names of
//! tensors.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde::Deserialize;

use super::BackboneError;
use super::folder::read_bytes;

/// Weights files that are read, the preferred one first. An index names further files.
pub const WEIGHTS_FILES: [&str; 4] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];

/// What the ones of other frameworks are called.
const FOREIGN: [&str; 5] =
    ["tf_model.h5", "flax_model.msgpack", "model.ckpt.index", "bert_model.ckpt.index", "rust_model.ot"];

/// How PyTorch before 1.6 began its files: a pickle of a number of its own.
const OLD_PYTORCH: [u8; 14] =
    [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// Which shard holds a tensor.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// A weights file, or the index of several.
pub(super) struct WeightsFile {
    pub(super) path: PathBuf,
    index: Option<Index>,
}

/// The names of the files in `dir` that hold its weights: one, or an index and its shards.
///
/// # Errors
/// No such file, or a malformed index.
pub fn weights_files(dir: &Path) -> Result<Vec<String>, BackboneError> {
    let found = WeightsFile::find(dir)?;
    let name = found.path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(name.into_iter().chain(found.shards().into_iter().map(String::from)).collect())
}

/// The shards that an index, given as the bytes of its file, names. `path` names it in errors.
///
/// # Errors
/// A malformed index.
pub fn shards(path: &Path, bytes: &[u8]) -> Result<Vec<String>, BackboneError> {
    let index = Index::parse(path, bytes)?;
    Ok(index.weight_map.into_values().collect::<BTreeSet<_>>().into_iter().collect())
}

impl Index {
    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, BackboneError> {
        let index: Self =
            serde_json::from_slice(bytes).map_err(|error| malformed(path, error.to_string()))?;
        index.check(path)?;
        Ok(index)
    }

    /// Shards lie beside their index.
    fn check(&self, path: &Path) -> Result<(), BackboneError> {
        let is_name = |name: &String| {
            Path::new(name).file_name().is_some_and(|file| file == name.as_str()) && !name.contains('\\')
        };
        match self.weight_map.values().find(|name| !is_name(name)) {
            None if self.weight_map.is_empty() => Err(malformed(path, "weight_map names no tensor".into())),
            None => Ok(()),
            Some(name) => {
                Err(malformed(path, format!("weight_map names {name:?}; shards lie beside the index")))
            }
        }
    }
}

impl WeightsFile {
    pub(super) fn find(dir: &Path) -> Result<Self, BackboneError> {
        let Some(path) = WEIGHTS_FILES.iter().map(|name| dir.join(name)).find(|path| path.is_file()) else {
            return Err(missing(dir));
        };
        let is_index = path.extension().is_some_and(|extension| extension == "json");
        let index = is_index.then(|| Index::parse(&path, &read_bytes(&path)?)).transpose()?;
        Ok(Self { path, index })
    }

    fn shards(&self) -> BTreeSet<&str> {
        self.index.iter().flat_map(|index| index.weight_map.values().map(String::as_str)).collect()
    }

    /// Reads all tensors.
    ///
    /// # Errors
    /// A file that is missing or malformed, or lacks a tensor that the index puts there.
    pub(super) fn read(&self) -> Result<HashMap<String, Tensor>, BackboneError> {
        let Some(index) = &self.index else { return read_tensors(&self.path) };
        let mut tensors = HashMap::new();
        for shard in self.shards() {
            let path = self.path.with_file_name(shard);
            let mut held = read_tensors(&path)?;
            for (name, _) in index.weight_map.iter().filter(|(_, file)| *file == shard) {
                let lacking = || BackboneError::Tensor {
                    path: path.clone(),
                    tensor: name.clone(),
                    problem: format!("missing, though {} puts it there", self.path.display()),
                };
                let tensor = held.remove(name).ok_or_else(lacking)?;
                tensors.insert(name.clone(), tensor);
            }
        }
        Ok(tensors)
    }
}

fn read_tensors(path: &Path) -> Result<HashMap<String, Tensor>, BackboneError> {
    let bytes = read_bytes(path)?;
    if path.extension().is_some_and(|extension| extension == "safetensors") {
        return candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)
            .map_err(|error| malformed(path, format!("not a file of safetensors: {error}")));
    }
    if bytes.starts_with(&OLD_PYTORCH) {
        let problem = "written by PyTorch before 1.6, whose format is not read; once, with Python, run torch.save(torch.load(PATH, \
                       map_location=\"cpu\"), PATH) in a newer PyTorch, or use the model.safetensors of a newer revision";
        return Err(malformed(path, problem.into()));
    }
    drop(bytes);
    let tensors = candle_core::pickle::read_all(path)
        .map_err(|error| malformed(path, format!("not a file of PyTorch weights: {error}")))?;
    Ok(tensors.into_iter().collect())
}

fn missing(dir: &Path) -> BackboneError {
    let wanted = WEIGHTS_FILES.join(", ");
    let problem = match FOREIGN.iter().find(|name| dir.join(name).is_file()) {
        Some(other) => format!(
            "{other} is of another framework; the folder needs one of {wanted} (save_pretrained of transformers writes it)"
        ),
        None => format!("the folder holds no weights; it needs one of {wanted}"),
    };
    malformed(dir, problem)
}

fn malformed(path: &Path, problem: String) -> BackboneError {
    BackboneError::Malformed { path: path.to_owned(), problem }
}
