//! `config.json` of a BERT encoder.

use std::path::Path;

use serde::Deserialize;

use super::{BackboneError, FAMILIES};

/// The keys of a BERT `config.json` that change what is computed. Defaults are those of transformers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct BertConfig {
    pub(crate) hidden_size: usize,
    pub(crate) num_hidden_layers: usize,
    pub(crate) num_attention_heads: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) vocab_size: usize,
    pub(crate) max_position_embeddings: usize,
    #[serde(default = "type_vocab_size")]
    pub(crate) type_vocab_size: usize,
    #[serde(default = "layer_norm_eps")]
    pub(crate) layer_norm_eps: f64,
    #[serde(default = "dropout")]
    pub(crate) hidden_dropout_prob: f64,
    #[serde(default = "dropout")]
    pub(crate) attention_probs_dropout_prob: f64,
    #[serde(default)]
    pub(crate) classifier_dropout: Option<f64>,
    #[serde(default = "activation")]
    pub(crate) hidden_act: String,
    #[serde(default)]
    pub(crate) position_embedding_type: Option<String>,
}

fn type_vocab_size() -> usize {
    2
}
fn layer_norm_eps() -> f64 {
    1e-12
}
fn dropout() -> f64 {
    0.1
}
fn activation() -> String {
    "gelu".into()
}

/// The family that `config.json` in `dir` names, if it is one of [`FAMILIES`].
///
/// # Errors
/// An unreadable or malformed file, or another family.
pub(crate) fn family_of(dir: &Path) -> Result<String, BackboneError> {
    #[derive(Deserialize)]
    struct Named {
        model_type: String,
    }
    let path = dir.join("config.json");
    let Named { model_type } = parsed(&path)?;
    if FAMILIES.contains(&model_type.as_str()) {
        return Ok(model_type);
    }
    Err(BackboneError::UnknownFamily { path, family: model_type, known: FAMILIES.join(", ") })
}

impl BertConfig {
    /// Reads and checks `config.json` in `dir`.
    ///
    /// # Errors
    /// As [`family_of`], or a value that this encoder does not compute.
    pub(crate) fn read(dir: &Path) -> Result<Self, BackboneError> {
        family_of(dir)?;
        let path = dir.join("config.json");
        let config: Self = parsed(&path)?;
        config.check().map_err(|problem| BackboneError::Malformed { path, problem })?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let share = |p: f64| (0.0..1.0).contains(&p);
        let dropouts = [
            self.hidden_dropout_prob,
            self.attention_probs_dropout_prob,
            self.classifier_dropout.unwrap_or(0.0),
        ];
        if self.num_attention_heads == 0 || !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return Err(format!(
                "hidden_size {} is no multiple of num_attention_heads {}",
                self.hidden_size, self.num_attention_heads
            ));
        }
        if self.max_position_embeddings < 8 {
            return Err(format!(
                "max_position_embeddings {} leaves no room for a window",
                self.max_position_embeddings
            ));
        }
        if self.hidden_act != "gelu" {
            return Err(format!(
                "hidden_act {:?} is not implemented; implemented: \"gelu\"",
                self.hidden_act
            ));
        }
        if self.position_embedding_type.as_deref().unwrap_or("absolute") != "absolute" {
            return Err("position_embedding_type must be \"absolute\"".into());
        }
        if !dropouts.into_iter().all(share) {
            return Err("a dropout probability is outside 0 <= p < 1".into());
        }
        Ok(())
    }
}

fn parsed<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, BackboneError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| BackboneError::Unreadable { path: path.to_owned(), source })?;
    serde_json::from_str(&text)
        .map_err(|error| BackboneError::Malformed { path: path.to_owned(), problem: error.to_string() })
}
