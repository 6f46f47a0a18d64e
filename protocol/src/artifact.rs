//! Artifacts: bytes known by the hash of their content.

use std::fmt;
use std::path::{Component, Path};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A SHA-256 in lower-case hexadecimal: 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
pub struct Sha256(String);

/// A text that is no SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no SHA-256: give 64 hexadecimal digits in lower case")]
pub struct InvalidSha256(String);

impl Sha256 {
    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Sha256 {
    type Err = InvalidSha256;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidSha256(text.to_owned())) }
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A named file whose content is an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactFile {
    /// Path relative to the thing it belongs to, such as `config.json` or `adapter/adapter_config.json`.
    pub name: String,
    /// Hash of the content.
    pub sha256: Sha256,
    /// Size of the content.
    pub bytes: i64,
}

impl ArtifactFile {
    /// Whether the name stays inside the folder that it is put into: neither absolute nor upwards, and no NUL.
    pub fn is_inside(&self) -> bool {
        let normal = |part| matches!(part, Component::Normal(_));
        !self.name.is_empty() && !self.name.contains('\0') && Path::new(&self.name).components().all(normal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_stays_in_its_folder() {
        let file = |name: &str| ArtifactFile {
            name: name.into(),
            sha256: "0".repeat(64).parse().unwrap(),
            bytes: 0,
        };
        assert!(file("adapter_config.json").is_inside() && file("1_Pooling/config.json").is_inside());
        for stray in ["", ".", "..", "../x", "/etc/passwd", "a/../../b", "a\0"] {
            assert!(!file(stray).is_inside(), "{stray:?}");
        }
    }
}
