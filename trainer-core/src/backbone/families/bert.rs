//! BERT (Devlin et al. 2019): learnt absolute positions.

use serde_json::Value;

use crate::backbone::facts::{EmbeddingWidth, Facts, HeadLayout, Paths, Positions, Published, Random, Size};

/// BERT's head; DeBERTa's `legacy` files have it too.
pub(super) const HEAD: HeadLayout = HeadLayout {
    dense: "cls.predictions.transform.dense",
    norm: "cls.predictions.transform.LayerNorm",
    bias: "cls.predictions.bias",
    legacy: None,
};

pub(in crate::backbone) const FACTS: Facts = Facts {
    model_type: "bert",
    module: "bert",
    class_prefix: "Bert",
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
    embedding_width: EmbeddingWidth::Hidden,
    layer_norm_eps: 1e-12,
    has_classifier_dropout: true,
    heads: &[HEAD],
    // MiniLM-L6, bert-base, bert-large.
    published: Published {
        vocabulary: 30_522,
        small: Size { layers: 6, hidden: 384, heads: 12, embedding: 384 },
        base: Size { layers: 12, hidden: 768, heads: 12, embedding: 768 },
        large: Size { layers: 24, hidden: 1024, heads: 16, embedding: 1024 },
    },
    random: Random { has_head: true, needs_tokenizer_file: false, settings },
};

fn settings(_: usize, _: usize) -> Vec<(&'static str, Value)> {
    Vec::new()
}
