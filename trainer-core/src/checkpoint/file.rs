//! The file: a safetensors file whose header names the format's version, the job and the state, and whose tensors are the
//! trained values and the optimiser's.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CheckpointError, Identity};
use crate::values::{NamedValues, Values, safetensors_with};

/// Version of the format; another one is refused.
const VERSION: &str = "1";
const VERSION_KEY: &str = "pedigree_checkpoint";
const JOB_KEY: &str = "job";
const STATE_KEY: &str = "state";

/// A state, and tensors by name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Checkpoint<S> {
    pub(crate) state: S,
    pub(crate) tensors: NamedValues,
}

impl<S: Serialize + DeserializeOwned> Checkpoint<S> {
    /// Writes the file. A reader sees the old one or the new one, never a part.
    ///
    /// # Errors
    /// What the file system said.
    pub(crate) fn write(&self, path: &Path, job: &Identity) -> Result<(), CheckpointError> {
        let unwritten = |source| CheckpointError::Unwritten { path: path.to_owned(), source };
        let bytes = self.to_bytes(job).map_err(unwritten)?;
        let partial = partial(path);
        let write = || {
            let mut file = File::create(&partial)?;
            file.write_all(&bytes)?;
            // Without this, a power cut may leave an empty file under the new name.
            file.sync_all()?;
            std::fs::rename(&partial, path)
        };
        write().map_err(unwritten)
    }

    fn to_bytes(&self, job: &Identity) -> std::io::Result<Vec<u8>> {
        let header = HashMap::from([
            (VERSION_KEY.to_owned(), VERSION.to_owned()),
            (JOB_KEY.to_owned(), serde_json::to_string(job)?),
            (STATE_KEY.to_owned(), serde_json::to_string(&self.state)?),
        ]);
        safetensors_with(&self.tensors, header)
    }

    /// Reads the file, if there is one, and checks that it belongs to the job.
    ///
    /// # Errors
    /// A file that cannot be read, is not a checkpoint, has another version or belongs to another job.
    pub(crate) fn read(path: &Path, job: &Identity) -> Result<Option<Self>, CheckpointError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(CheckpointError::Unreadable { path: path.to_owned(), source }),
        };
        let foreign = |problem: String| CheckpointError::Foreign { path: path.to_owned(), problem };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| foreign(error.to_string()))?;
        let text = |key: &str| {
            let value = header.metadata().as_ref().and_then(|metadata| metadata.get(key));
            value.ok_or_else(|| foreign(format!("its header has no {key:?}")))
        };
        let version = text(VERSION_KEY)?;
        if version != VERSION {
            return Err(CheckpointError::Version {
                path: path.to_owned(),
                found: version.clone(),
                ours: VERSION,
            });
        }
        let malformed = |error: serde_json::Error| foreign(error.to_string());
        let found: Identity = serde_json::from_str(text(JOB_KEY)?).map_err(malformed)?;
        if let Some(difference) = job.difference(&found) {
            return Err(CheckpointError::OtherJob { path: path.to_owned(), difference });
        }
        let state = serde_json::from_str(text(STATE_KEY)?).map_err(malformed)?;
        let file = SafeTensors::deserialize(&bytes).map_err(|error| foreign(error.to_string()))?;
        let named = file.iter().map(|(name, tensor)| (name.to_owned(), values(&tensor)));
        Ok(Some(Self { state, tensors: named.collect() }))
    }
}

fn values(tensor: &TensorView<'_>) -> Values {
    let (numbers, _) = tensor.data().as_chunks::<4>();
    let numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    Values { shape: tensor.shape().to_vec(), numbers }
}

/// Where the file is written before it is renamed. A killed writer leaves it, and the next one overwrites it.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Checkpoint<Vec<f64>> {
        let tensors = NamedValues::from([
            ("a".to_owned(), Values { shape: vec![2, 2], numbers: vec![1.0, -0.0, f32::MIN_POSITIVE, 3.3] }),
            ("b".to_owned(), Values::flat(vec![f32::MAX])),
        ]);
        Checkpoint { state: vec![0.1 + 0.2, 1e-308, -7.0], tensors }
    }

    fn identity(seed: &str) -> Identity {
        Identity::of([("seed", seed.to_owned()), ("params.lora_r", "8".to_owned())])
    }

    #[test]
    fn comes_back_bit_for_bit_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.safetensors");
        assert_eq!(Checkpoint::<Vec<f64>>::read(&path, &identity("1")).unwrap(), None);
        sample().write(&path, &identity("1")).unwrap();
        sample().write(&path, &identity("1")).unwrap();
        let back = Checkpoint::read(&path, &identity("1")).unwrap().unwrap();
        assert_eq!(back, sample());
        assert!(back.tensors["a"].numbers[1].is_sign_negative());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn another_job_another_version_and_rubbish_get_a_sentence_each() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.safetensors");
        let said = || Checkpoint::<Vec<f64>>::read(&path, &identity("2")).unwrap_err().to_string();
        sample().write(&path, &identity("1")).unwrap();
        let sentence = said();
        assert!(sentence.contains("of another job: seed is 2 here and 1 there"), "{sentence}");
        assert!(sentence.contains("remove it"), "{sentence}");
        let bytes = std::fs::read(&path).unwrap();
        let header = HashMap::from([(VERSION_KEY.to_owned(), "9".to_owned())]);
        let none: Vec<(String, TensorView<'_>)> = Vec::new();
        std::fs::write(&path, safetensors::serialize(none, Some(header)).unwrap()).unwrap();
        assert!(said().contains("version 9"), "{}", said());
        std::fs::write(&path, b"rubbish").unwrap();
        assert!(said().contains("is not a checkpoint"), "{}", said());
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        assert!(said().contains("is not a checkpoint"), "{}", said());
    }
}
