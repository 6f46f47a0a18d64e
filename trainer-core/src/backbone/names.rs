//! The names of an encoder's tensors that are the same in every family, as transformers saves them.
//!
//! Owns these names. Paths of linear layers differ between families: see [`super::facts`].

/// Word embeddings. Every encoder has them, so they tell what the names of a file start with.
pub(crate) const WORDS: &str = "embeddings.word_embeddings.weight";
/// Embeddings of absolute positions.
pub(crate) const POSITIONS: &str = "embeddings.position_embeddings.weight";
/// Embeddings of token types.
pub(crate) const TOKEN_TYPES: &str = "embeddings.token_type_embeddings.weight";
/// The layer norm after the sum of the embeddings.
pub(crate) const EMBEDDINGS_NORM: &str = "embeddings.LayerNorm";
/// Embeddings of relative positions.
pub(crate) const RELATIVE: &str = "encoder.rel_embeddings.weight";
/// The layer norm of the relative embeddings.
pub(crate) const RELATIVE_NORM: &str = "encoder.LayerNorm";
/// The layer norm after the attention, inside an encoder layer.
pub(crate) const ATTENTION_NORM: &str = "attention.output.LayerNorm";
/// The layer norm after the feed-forward, inside an encoder layer.
pub(crate) const OUTPUT_NORM: &str = "output.LayerNorm";

/// The name of a part of encoder layer `index`.
pub(crate) fn in_layer(index: usize, part: &str) -> String {
    format!("encoder.layer.{index}.{part}")
}
