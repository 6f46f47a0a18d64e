//! Encoders of the published sizes, with random weights in memory: what `bench train` computes on.

use std::collections::HashMap;
use std::path::PathBuf;

use candle_core::{Device, Result, Tensor};

use super::layout::encoder_tensors;
use super::{EncoderConfig, Family, Relative, Weights};
use crate::rng::Seeds;

/// A size at which each family is published.
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
    /// All of them, growing.
    pub const ALL: [Self; 3] = [Self::Small, Self::Base, Self::Large];

    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Base => "base",
            Self::Large => "large",
        }
    }

    /// Layers, width and heads.
    const fn shape(self, family: Family) -> (usize, usize, usize) {
        match (self, family) {
            (Self::Small, Family::Bert) => (6, 384, 12),
            (Self::Small, Family::Electra) => (12, 256, 4),
            (Self::Small, Family::DebertaV2) => (12, 384, 6),
            (Self::Base, _) => (12, 768, 12),
            (Self::Large, _) => (24, 1024, 16),
        }
    }
}

const POSITIONS: usize = 512;
/// Bound of the uniform weights: their size does not matter to the time of a step.
const BOUND: f64 = 0.02;

/// The configuration of `family` at `size`.
pub(crate) fn published(family: Family, size: PublishedSize) -> EncoderConfig {
    let (layers, width, heads) = size.shape(family);
    let deberta = family == Family::DebertaV2;
    let narrow = size == PublishedSize::Small && family == Family::Electra;
    EncoderConfig {
        family,
        hidden_size: width,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        intermediate_size: 4 * width,
        vocab_size: if deberta { 128_100 } else { 30_522 },
        embedding_size: if narrow { width / 2 } else { width },
        max_position_embeddings: POSITIONS,
        type_vocab_size: if deberta { 0 } else { 2 },
        layer_norm_eps: if deberta { 1e-7 } else { 1e-12 },
        hidden_dropout_prob: 0.1,
        attention_probs_dropout_prob: 0.1,
        classifier_dropout: None,
        relative: deberta.then(Relative::published),
        tie_word_embeddings: true,
    }
}

/// Random weights for `config`.
///
/// # Errors
/// Memory ran out.
pub(crate) fn random_weights(config: &EncoderConfig, seeds: &Seeds) -> Result<Weights> {
    let tensor = |name: &str, shape: Vec<usize>| {
        let count = shape.iter().product();
        let values = match name {
            n if n.ends_with("LayerNorm.weight") => vec![1.0; count],
            n if n.ends_with("bias") => vec![0.0; count],
            n => seeds.child(n).draws().uniform(count, BOUND),
        };
        Tensor::from_vec(values, shape, &Device::Cpu)
    };
    let tensors: Result<HashMap<_, _>> = encoder_tensors(config)
        .into_iter()
        .map(|(name, shape)| Ok((name.clone(), tensor(&name, shape)?)))
        .collect();
    Ok(Weights::in_memory(PathBuf::from("random weights"), tensors?))
}

#[cfg(test)]
mod tests {
    use super::super::encoder_parameters;
    use super::*;

    #[test]
    fn sizes_are_the_published_ones() {
        let millions = |family, size| encoder_parameters(&published(family, size)) as f64 / 1e6;
        // Without poolers, of which bert-base has 0.6 and bert-large 1.05 million.
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
