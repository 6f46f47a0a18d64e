//! What makes two jobs the same: everything that decides the trained values, and nothing else.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::backbone::weights_files;

/// Hyperparameters that came later, with their defaults.
const LATER: [(&str, &str); 3] =
    [("params.adam_beta1", "0.9"), ("params.adam_beta2", "0.999"), ("params.adam_epsilon", "1e-8")];

/// Named facts about a job. Files count by the hash of their content, so that a job is the same on another host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Identity(BTreeMap<String, String>);

impl Identity {
    /// The identity made of these facts.
    pub(crate) fn of<'a>(facts: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        Self(facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// With further facts.
    pub(crate) fn with<'a>(mut self, facts: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        self.0.extend(facts.into_iter().map(|(name, value)| (name.to_owned(), value)));
        self
    }

    /// With each hyperparameter as one fact. One that came later counts only where it differs from its default, so that
    /// checkpoints of versions without it stay valid.
    pub(crate) fn with_params(mut self, params: &impl Serialize) -> Self {
        if let Ok(serde_json::Value::Object(object)) = serde_json::to_value(params) {
            let facts = object.into_iter().map(|(key, value)| (format!("params.{key}"), value.to_string()));
            self.0.extend(facts.filter(|(name, value)| !LATER.contains(&(name, value))));
        }
        self
    }

    /// The first fact that differs in `other`, as a part of a sentence.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let names = self.0.keys().chain(other.0.keys());
        let differing = names.into_iter().find(|name| self.0.get(*name) != other.0.get(*name))?;
        let shown = |facts: &BTreeMap<String, String>| {
            facts.get(differing).map_or_else(|| "absent".to_owned(), |value| value.chars().take(20).collect())
        };
        Some(format!("{differing} is {} here and {} there", shown(&self.0), shown(&other.0)))
    }
}

/// The hash of a file's content.
///
/// # Errors
/// What the file system said.
pub(crate) fn hash_file(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    add(path, &mut hasher)?;
    Ok(hex(&hasher.finalize()))
}

/// The hash of the files in a backbone's folder that decide what it computes: names and contents.
///
/// # Errors
/// What the file system said.
pub(crate) fn hash_backbone(dir: &Path) -> io::Result<String> {
    const FILES: [&str; 7] = [
        "config.json",
        "model.safetensors",
        "pytorch_model.bin",
        "spm.model",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.txt",
    ];
    let mut hasher = Sha256::new();
    let shards = weights_files(dir).unwrap_or_default();
    let shards = shards.iter().map(String::as_str).filter(|name| !FILES.contains(name));
    for name in FILES.into_iter().chain(shards) {
        let path = dir.join(name);
        if path.is_file() {
            hasher.update(name.as_bytes());
            add(&path, &mut hasher)?;
        }
    }
    Ok(hex(&hasher.finalize()))
}

fn add(path: &Path, hasher: &mut Sha256) -> io::Result<()> {
    struct Into<'a>(&'a mut Sha256);
    impl io::Write for Into<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    io::copy(&mut io::BufReader::with_capacity(1 << 20, File::open(path)?), &mut Into(hasher)).map(drop)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hyperparameters;
    use crate::job::DaptParameters;

    fn earlier(params: &impl Serialize) -> Identity {
        let mut keys = serde_json::to_value(params).unwrap();
        for (key, _) in LATER {
            keys.as_object_mut().unwrap().remove(key.trim_start_matches("params.")).unwrap();
        }
        Identity::of([]).with_params(&keys)
    }

    #[test]
    fn checkpoints_from_before_the_settings_of_adam_stay_valid() {
        let mut params = Hyperparameters::with_rate(1e-3);
        let before = earlier(&params);
        assert_eq!(Identity::of([]).with_params(&params).difference(&before), None);
        params.adam_beta2 = 0.99;
        let other = Identity::of([]).with_params(&params);
        assert_eq!(other.difference(&before).unwrap(), "params.adam_beta2 is 0.99 here and absent there");

        let mut params = DaptParameters::default();
        let before = earlier(&params);
        assert_eq!(Identity::of([]).with_params(&params).difference(&before), None);
        params.adam_epsilon = 1e-6;
        assert!(Identity::of([]).with_params(&params).difference(&before).is_some());
    }
}
