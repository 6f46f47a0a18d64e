//! What a backbone folder holds.

use std::path::Path;

use super::pieces::WordPieces;
use super::{BackboneError, EncoderConfig, Weights};

/// The size of a backbone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BackboneShape {
    /// `model_type` of `config.json`.
    pub family: String,
    /// Hidden width.
    pub hidden: usize,
    /// Encoder layers.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate: usize,
    /// Pieces in the vocabulary.
    pub vocab: usize,
    /// Longest input, in pieces.
    pub max_positions: usize,
    /// Values in the weights file, heads and poolers included.
    pub parameters: u64,
    /// What was inferred because no file says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// Checks that `dir` is a backbone that can be trained: a known family, every tensor of the encoder with its shape, and
/// a tokenizer.
///
/// # Errors
/// What is missing or wrong, with the file.
pub fn inspect(dir: &Path) -> Result<BackboneShape, BackboneError> {
    let config = EncoderConfig::read(dir)?;
    let weights = Weights::open(dir, config.family)?;
    weights.check(&config)?;
    let pieces = WordPieces::open(dir)?;
    pieces.check(dir, &config)?;
    Ok(BackboneShape {
        family: config.family.model_type().to_owned(),
        hidden: config.hidden_size,
        layers: config.num_hidden_layers,
        heads: config.num_attention_heads,
        intermediate: config.intermediate_size,
        vocab: config.vocab_size,
        max_positions: config.longest_input(),
        parameters: weights.parameters(),
        warning: pieces.warning().map(String::from),
    })
}
