//! `config.json` of an encoder: the keys that change the computation, checked once.

use std::path::Path;

use serde::Deserialize;

use super::facts::{EmbeddingWidth, Positions};
use super::folder::read_json;
use super::relative::RelativeFile;
use super::{BackboneError, Family, RelativeSettings};

/// The sizes and settings of an encoder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EncoderConfig {
    pub(crate) family: Family,
    pub(crate) hidden_size: usize,
    pub(crate) num_hidden_layers: usize,
    pub(crate) num_attention_heads: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) vocab_size: usize,
    /// Width of the embeddings. It differs from `hidden_size` only in small ELECTRAs.
    pub(crate) embedding_size: usize,
    /// Rows of the table of positions, or the longest input of a family without one. See [`Self::longest_input`].
    pub(crate) max_position_embeddings: usize,
    /// 0 in a family without token types.
    pub(crate) type_vocab_size: usize,
    pub(crate) layer_norm_eps: f64,
    pub(crate) hidden_dropout_prob: f64,
    pub(crate) attention_probs_dropout_prob: f64,
    pub(crate) classifier_dropout: Option<f64>,
    /// Relative positions, in families that have them.
    pub(crate) relative: Option<RelativeSettings>,
    /// Whether the masked-LM decoder is the word embeddings.
    pub(crate) tie_word_embeddings: bool,
}

/// The file. Defaults are those of transformers, for keys that published files leave out.
#[derive(Deserialize)]
struct File {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    embedding_size: Option<usize>,
    type_vocab_size: Option<usize>,
    layer_norm_eps: Option<f64>,
    #[serde(default = "dropout")]
    hidden_dropout_prob: f64,
    #[serde(default = "dropout")]
    attention_probs_dropout_prob: f64,
    classifier_dropout: Option<f64>,
    #[serde(default = "activation")]
    hidden_act: String,
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
    #[serde(default = "tied")]
    tie_word_embeddings: bool,
}

fn dropout() -> f64 {
    0.1
}
fn activation() -> String {
    "gelu".into()
}
fn tied() -> bool {
    true
}

/// The family that `config.json` in `dir` names.
///
/// # Errors
/// An unreadable or malformed file, or a family that is not implemented.
fn family_of(dir: &Path) -> Result<Family, BackboneError> {
    #[derive(Deserialize)]
    struct ModelType {
        model_type: String,
    }
    let path = dir.join("config.json");
    let ModelType { model_type } = read_json(&path)?;
    let known = Family::ALL.map(Family::model_type).join(", ");
    Family::named(&model_type).ok_or(BackboneError::UnknownFamily { path, family: model_type, known })
}

impl EncoderConfig {
    /// Reads and checks `config.json` in `dir`.
    ///
    /// # Errors
    /// As [`family_of`], or a value that this encoder does not compute.
    pub(crate) fn read(dir: &Path) -> Result<Self, BackboneError> {
        let family = family_of(dir)?;
        let path = dir.join("config.json");
        let file: File = read_json(&path)?;
        let relative = match family.facts().positions {
            Positions::Absolute { .. } => None,
            Positions::Relative { .. } => Some(read_json::<RelativeFile>(&path)?),
        };
        Self::checked(family, file, relative).map_err(|problem| BackboneError::Malformed { path, problem })
    }

    fn checked(family: Family, file: File, relative: Option<RelativeFile>) -> Result<Self, String> {
        file.check()?;
        let facts = family.facts();
        let relative = relative.map(|relative| relative.checked(file.max_position_embeddings)).transpose()?;
        Ok(Self {
            family,
            hidden_size: file.hidden_size,
            num_hidden_layers: file.num_hidden_layers,
            num_attention_heads: file.num_attention_heads,
            intermediate_size: file.intermediate_size,
            vocab_size: file.vocab_size,
            embedding_size: file.embedding_size(family)?,
            max_position_embeddings: file.max_position_embeddings,
            type_vocab_size: file.token_types(family)?,
            layer_norm_eps: file.layer_norm_eps.unwrap_or(facts.layer_norm_eps),
            hidden_dropout_prob: file.hidden_dropout_prob,
            attention_probs_dropout_prob: file.attention_probs_dropout_prob,
            classifier_dropout: file.classifier_dropout.filter(|_| facts.has_classifier_dropout),
            relative,
            tie_word_embeddings: file.tie_word_embeddings,
        })
    }

    /// Row of the first position in the table of positions; 0 in families without one.
    pub(crate) const fn first_position(&self) -> usize {
        match self.family.facts().positions {
            Positions::Absolute { first } => first,
            Positions::Relative { .. } => 0,
        }
    }

    /// Rows of the table of positions; `None` in families without one.
    pub(crate) const fn position_rows(&self) -> Option<usize> {
        match self.family.facts().positions {
            Positions::Absolute { .. } => Some(self.max_position_embeddings),
            Positions::Relative { .. } => None,
        }
    }

    /// Pieces of the longest input.
    pub(crate) const fn longest_input(&self) -> usize {
        self.max_position_embeddings - self.first_position()
    }

    /// Path of the linear layer that takes the embeddings to the width of the layers, where the two differ.
    pub(crate) fn embedding_projection(&self) -> Option<&'static str> {
        match self.family.facts().embedding_width {
            EmbeddingWidth::Projected { path } if self.embedding_size != self.hidden_size => Some(path),
            _ => None,
        }
    }
}

impl File {
    fn embedding_size(&self, family: Family) -> Result<usize, String> {
        let (asked, hidden) = (self.embedding_size.unwrap_or(self.hidden_size), self.hidden_size);
        match family.facts().embedding_width {
            EmbeddingWidth::Hidden => Ok(hidden),
            EmbeddingWidth::MustBeHidden if asked != hidden => Err(format!(
                "embedding_size {asked} must be hidden_size {hidden} in a {}",
                family.model_type()
            )),
            EmbeddingWidth::MustBeHidden | EmbeddingWidth::Projected { .. } => Ok(asked),
        }
    }

    fn token_types(&self, family: Family) -> Result<usize, String> {
        match (family.facts().token_types, self.type_vocab_size) {
            (None, None | Some(0)) => Ok(0),
            (None, Some(asked)) => {
                Err(format!("type_vocab_size {asked} is not implemented here; 0 (no token types) is"))
            }
            (Some(_), Some(0)) => Err("type_vocab_size 0 is not implemented here; at least 1 is".into()),
            (Some(usual), asked) => Ok(asked.unwrap_or(usual)),
        }
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
                "hidden_size {} is not a multiple of num_attention_heads {}",
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
        if self.is_decoder {
            return Err("is_decoder must be false: the layers are an encoder's".into());
        }
        if !dropouts.into_iter().all(share) {
            return Err("a dropout probability is outside 0 <= p < 1".into());
        }
        Ok(())
    }
}
