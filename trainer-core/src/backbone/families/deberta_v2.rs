//! DeBERTa v2 and v3: no absolute positions, but disentangled attention over relative ones (He et al. 2021).

use serde_json::{Value, json};

use super::bert;
use crate::backbone::RelativeSettings;
use crate::backbone::facts::{EmbeddingWidth, Facts, HeadLayout, Paths, Positions, Published, Random, Size};

const HEAD: HeadLayout = HeadLayout {
    dense: "lm_predictions.lm_head.dense",
    norm: "lm_predictions.lm_head.LayerNorm",
    bias: "lm_predictions.lm_head.bias",
    legacy: Some(false),
};

pub(in crate::backbone) const FACTS: Facts = Facts {
    model_type: "deberta-v2",
    module: "deberta",
    class_prefix: "DebertaV2",
    paths: Paths {
        query: "attention.self.query_proj",
        key: "attention.self.key_proj",
        value: "attention.self.value_proj",
        attention_output: "attention.output.dense",
        up: "intermediate.dense",
        down: "output.dense",
    },
    positions: Positions::Relative {
        published: RelativeSettings { buckets: Some(256), longest: 512, normed: true, c2p: true, p2c: true },
    },
    token_types: None,
    embedding_width: EmbeddingWidth::MustBeHidden,
    layer_norm_eps: 1e-7,
    has_classifier_dropout: false,
    heads: &[HEAD, bert::HEAD],
    // deberta-v3-xsmall, deberta-v3-base, deberta-v3-large.
    published: Published {
        vocabulary: 128_100,
        small: Size { layers: 12, hidden: 384, heads: 6, embedding: 384 },
        base: Size { layers: 12, hidden: 768, heads: 12, embedding: 768 },
        large: Size { layers: 24, hidden: 1024, heads: 16, embedding: 1024 },
    },
    // A vocabulary does not tell transformers that this DeBERTa has no SentencePiece model; a tokenizer file does.
    random: Random { has_head: false, needs_tokenizer_file: true, settings },
};

fn settings(_: usize, max_positions: usize) -> Vec<(&'static str, Value)> {
    vec![
        ("relative_attention", json!(true)),
        ("position_biased_input", json!(false)),
        ("pos_att_type", json!("p2c|c2p")),
        ("share_att_key", json!(true)),
        ("norm_rel_ebd", json!("layer_norm")),
        ("max_relative_positions", json!(-1)),
        ("position_buckets", json!(max_positions.div_ceil(2).max(4))),
    ]
}
