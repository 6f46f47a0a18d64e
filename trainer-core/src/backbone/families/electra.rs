//! ELECTRA (Clark et al. 2020): BERT with embeddings of another width than the layers. Published encoders are
//! discriminators, which have no masked-LM head.

use serde_json::{Value, json};

use crate::backbone::facts::{EmbeddingWidth, Facts, HeadLayout, Paths, Positions, Published, Random, Size};

const HEAD: HeadLayout = HeadLayout {
    dense: "generator_predictions.dense",
    norm: "generator_predictions.LayerNorm",
    bias: "generator_lm_head.bias",
    legacy: None,
};

pub(in crate::backbone) const FACTS: Facts = Facts {
    model_type: "electra",
    module: "electra",
    class_prefix: "Electra",
    paths: Paths {
        query: "attention.self.query",
        key: "attention.self.key",
        value: "attention.self.value",
        attention_output: "attention.output.dense",
        up: "intermediate.dense",
        down: "output.dense",
    },
    positions: Positions::Absolute { first: 0 },
    token_types: Some(2),
    embedding_width: EmbeddingWidth::Projected { path: "embeddings_project" },
    layer_norm_eps: 1e-12,
    has_classifier_dropout: true,
    heads: &[HEAD],
    // electra-small, electra-base, electra-large.
    published: Published {
        vocabulary: 30_522,
        small: Size { layers: 12, hidden: 256, heads: 4, embedding: 128 },
        base: Size { layers: 12, hidden: 768, heads: 12, embedding: 768 },
        large: Size { layers: 24, hidden: 1024, heads: 16, embedding: 1024 },
    },
    random: Random { has_head: false, needs_tokenizer_file: false, settings },
};

/// Narrower embeddings, so that tests exercise their projection.
fn settings(hidden: usize, _: usize) -> Vec<(&'static str, Value)> {
    vec![("embedding_size", json!(hidden.div_ceil(2)))]
}
