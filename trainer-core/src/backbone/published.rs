//! Encoders of the published sizes with random weights in memory, for `bench train`.

use std::collections::HashMap;
use std::path::PathBuf;

use candle_core::{Device, Result, Tensor};

use super::facts::{Positions, Published, Size};
use super::layout::{TensorShape, encoder_tensors};
use super::{EncoderConfig, Family, Weights};
use crate::rng::Seeds;

/// A size in which each family is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PublishedSize {
    /// MiniLM-L6 (6 layers of 384), electra-small (12 of 256), deberta-v3-xsmall (12 of 384).
    Small,
    /// 12 layers of 768: bert-base, electra-base, deberta-v3-base.
    Base,
    /// 24 layers of 1024: bert-large, electra-large, deberta-v3-large.
    Large,
}

impl PublishedSize {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::Small, Self::Base, Self::Large];

    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Base => "base",
            Self::Large => "large",
        }
    }

    fn of(self, published: &Published) -> Size {
        match self {
            Self::Small => published.small,
            Self::Base => published.base,
            Self::Large => published.large,
        }
    }
}

const POSITIONS: usize = 512;
/// Bound of the uniform weights. Their size does not matter for the time of a step.
const BOUND: f64 = 0.02;

/// The configuration of `family` at `size`.
pub(crate) fn published(family: Family, size: PublishedSize) -> EncoderConfig {
    let facts = family.facts();
    let Size { layers, hidden, heads, embedding } = size.of(&facts.published);
    let (first, relative) = match facts.positions {
        Positions::Absolute { first } => (first, None),
        Positions::Relative { published } => (0, Some(published)),
    };
    EncoderConfig {
        family,
        hidden_size: hidden,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        intermediate_size: 4 * hidden,
        vocab_size: facts.published.vocabulary,
        embedding_size: embedding,
        max_position_embeddings: first + POSITIONS,
        type_vocab_size: facts.token_types.unwrap_or(0),
        layer_norm_eps: facts.layer_norm_eps,
        hidden_dropout_prob: 0.1,
        attention_probs_dropout_prob: 0.1,
        classifier_dropout: None,
        relative,
        tie_word_embeddings: true,
    }
}

/// Random weights for `config`.
///
/// # Errors
/// Memory ran out.
pub(crate) fn random_weights(config: &EncoderConfig, seeds: &Seeds) -> Result<Weights> {
    let tensor = |tensor: TensorShape| {
        let count = tensor.count();
        let values = match tensor.name.as_str() {
            n if n.ends_with("LayerNorm.weight") => vec![1.0; count],
            n if n.ends_with("bias") => vec![0.0; count],
            n => seeds.child(n).draws().uniform(count, BOUND),
        };
        Ok((tensor.name, Tensor::from_vec(values, tensor.dims, &Device::Cpu)?))
    };
    let tensors: Result<HashMap<_, _>> = encoder_tensors(config).into_iter().map(tensor).collect();
    Ok(Weights::in_memory(PathBuf::from("random weights"), tensors?))
}

#[cfg(test)]
mod tests {
    use super::super::encoder_parameters;
    use super::*;

    #[test]
    fn sizes_are_the_published_ones() {
        let millions = |family, size| encoder_parameters(&published(family, size)) as f64 / 1e6;
        // Without poolers: that of bert-base has 0.6 million values, that of bert-large 1.05 million.
        for (family, size, expected) in [
            (Family::Bert, PublishedSize::Small, 22.6),
            (Family::Bert, PublishedSize::Base, 108.9),
            (Family::Bert, PublishedSize::Large, 334.1),
            (Family::Electra, PublishedSize::Small, 13.5),
            (Family::DebertaV2, PublishedSize::Small, 70.7),
            (Family::DebertaV2, PublishedSize::Large, 434.0),
        ] {
            let found = millions(family, size);
            assert!((found - expected).abs() < 0.1, "{family:?} {size:?}: {found}");
        }
    }
}
