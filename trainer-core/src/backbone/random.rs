//! A small encoder with random weights and its own vocabulary, for process tests and benches.
//!
//! Owns the marking of such folders: `config.json` says `"pedigree_random_weights": true`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::layout::{TensorShape, encoder_tensors, head_tensors};
use super::pieces::WordPieces;
use super::{EncoderConfig, Family};
use crate::rng::Seeds;
use crate::values::{Values, safetensors_file};

/// The family and size of a random encoder, and the words that its vocabulary should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RandomEncoder {
    /// Architecture.
    pub family: Family,
    /// Hidden width; a multiple of `heads`.
    pub hidden: usize,
    /// Encoder layers.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate: usize,
    /// Longest input, in pieces.
    pub max_positions: usize,
    /// Seed of the weights.
    pub seed: u64,
    /// Words of a corpus, with repetitions. The frequent ones become pieces.
    pub words: Vec<String>,
}

/// Writes `config.json`, `model.safetensors`, `vocab.txt` and `tokenizer_config.json` into `dir`.
///
/// # Errors
/// What the file system said.
pub fn write_random(dir: &Path, spec: &RandomEncoder) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let vocabulary = vocabulary(&spec.words);
    std::fs::write(dir.join("vocab.txt"), vocabulary.join("\n") + "\n")?;
    let mut tokenizer = json!({"do_lower_case": true});
    if spec.family.facts().random.needs_tokenizer_file {
        tokenizer["tokenizer_class"] = json!("PreTrainedTokenizerFast");
        WordPieces::open(dir).map_err(io::Error::other)?.save(&dir.join("tokenizer.json"))?;
    }
    std::fs::write(dir.join("tokenizer_config.json"), tokenizer.to_string())?;
    let text = serde_json::to_string_pretty(&config(spec, vocabulary.len()))?;
    std::fs::write(dir.join("config.json"), text)?;
    let config = EncoderConfig::read(dir).map_err(io::Error::other)?;
    std::fs::write(dir.join("model.safetensors"), weights(&config, spec.seed)?)
}

/// The settings that every family has, with the family's own over them.
fn config(spec: &RandomEncoder, vocabulary: usize) -> Value {
    let facts = spec.family.facts();
    let mut config = json!({
        "architectures": [format!("{}Model", spec.family.class_prefix())],
        "model_type": spec.family.model_type(),
        "pedigree_random_weights": true,
        "hidden_act": "gelu",
        "hidden_size": spec.hidden,
        "num_hidden_layers": spec.layers,
        "num_attention_heads": spec.heads,
        "intermediate_size": spec.intermediate,
        "max_position_embeddings": spec.max_positions,
        "type_vocab_size": facts.token_types.unwrap_or(0),
        "vocab_size": vocabulary,
        "layer_norm_eps": facts.layer_norm_eps,
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "initializer_range": INITIAL_DEVIATION,
        "pad_token_id": 0,
    });
    for (key, value) in (facts.random.settings)(spec.hidden, spec.max_positions) {
        config[key] = value;
    }
    config
}

/// Larger than BERT's 0.02: with that, small layers of an untrained encoder pass on hardly anything.
const INITIAL_DEVIATION: f64 = 0.08;
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const FREQUENT: usize = 2;
const MOST_PIECES: usize = 4_000;

fn vocabulary(words: &[String]) -> Vec<String> {
    let mut characters = BTreeSet::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for word in words.iter().map(|word| word.to_lowercase()) {
        characters.extend(word.chars());
        *counts.entry(word).or_default() += 1;
    }
    let mut frequent: Vec<(String, usize)> =
        counts.into_iter().filter(|(word, n)| *n >= FREQUENT && word.chars().count() > 1).collect();
    frequent.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    frequent.truncate(MOST_PIECES);
    SPECIAL
        .into_iter()
        .map(String::from)
        .chain(characters.iter().map(char::to_string))
        .chain(characters.iter().map(|c| format!("##{c}")))
        .chain(frequent.into_iter().map(|(word, _)| word))
        .collect()
}

fn weights(config: &EncoderConfig, seed: u64) -> io::Result<Vec<u8>> {
    let seeds = Seeds::root(seed).child("random backbone");
    let values = |tensor: TensorShape| {
        let count = tensor.count();
        let numbers = match tensor.name.as_str() {
            n if n.ends_with("LayerNorm.weight") => vec![1.0; count],
            n if n.ends_with("bias") => vec![0.0; count],
            n => seeds.child(n).draws().normal(count, INITIAL_DEVIATION),
        };
        Values { shape: tensor.dims, numbers }
    };
    let module = config.family.module();
    let encoder = encoder_tensors(config).into_iter();
    let encoder = encoder.map(|tensor| (format!("{module}.{}", tensor.name), values(tensor)));
    let has_head = config.family.facts().random.has_head;
    let head = has_head.then(|| head_tensors(config)).into_iter().flatten();
    let head = head.map(|tensor| (tensor.name.clone(), values(tensor)));
    safetensors_file(&encoder.chain(head).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backbone::{encoder_parameters, inspect};

    fn tiny() -> RandomEncoder {
        let words = ["the", "the", "patient", "patient", "had", "Gout", "."].map(String::from).to_vec();
        let family = Family::Bert;
        RandomEncoder {
            family,
            hidden: 16,
            layers: 1,
            heads: 2,
            intermediate: 32,
            max_positions: 32,
            seed: 1,
            words,
        }
    }

    #[test]
    fn is_marked_and_can_be_inspected() {
        let dir = tempfile::tempdir().unwrap();
        write_random(dir.path(), &tiny()).unwrap();
        let shape = inspect(dir.path()).unwrap();
        assert_eq!((shape.family.as_str(), shape.hidden, shape.layers, shape.heads), ("bert", 16, 1, 2));
        assert!(shape.parameters > 2_000);
        let config = std::fs::read_to_string(dir.path().join("config.json")).unwrap();
        assert!(config.contains("\"pedigree_random_weights\": true"));
        let vocab = std::fs::read_to_string(dir.path().join("vocab.txt")).unwrap();
        assert!(vocab.starts_with("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n") && vocab.contains("\npatient\n"));
    }

    #[test]
    fn every_family_can_be_written_and_inspected() {
        for family in Family::ALL {
            let dir = tempfile::tempdir().unwrap();
            write_random(dir.path(), &RandomEncoder { family, ..tiny() }).unwrap();
            let shape = inspect(dir.path()).unwrap();
            assert_eq!(shape.family, family.model_type());
            let config = EncoderConfig::read(dir.path()).unwrap();
            let head =
                if family.facts().random.has_head { 16 * 16 + 3 * 16 + config.vocab_size as u64 } else { 0 };
            assert_eq!(shape.parameters, encoder_parameters(&config) + head);
        }
    }

    #[test]
    fn faults_name_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let of = || inspect(dir.path()).unwrap_err().to_string();
        assert!(of().contains("config.json: cannot be read"));
        std::fs::write(dir.path().join("config.json"), r#"{"model_type": "t5"}"#).unwrap();
        assert!(of().ends_with(
            "config.json: model_type \"t5\" cannot be trained; families that can: bert, electra, deberta-v2"
        ));
        std::fs::write(dir.path().join("config.json"), r#"{"model_type": "bert"}"#).unwrap();
        assert!(of().contains("config.json: missing field `hidden_size`"));
        write_random(dir.path(), &RandomEncoder { layers: 2, ..tiny() }).unwrap();
        let config = std::fs::read_to_string(dir.path().join("config.json")).unwrap();
        let wider = config.replace("\"intermediate_size\": 32", "\"intermediate_size\": 48");
        std::fs::write(dir.path().join("config.json"), wider).unwrap();
        assert!(
            of().contains("intermediate.dense.weight: has shape [32, 16]; config.json asks for [48, 16]")
        );
        std::fs::write(dir.path().join("config.json"), config).unwrap();
        std::fs::remove_file(dir.path().join("vocab.txt")).unwrap();
        assert!(of().contains("vocab.txt: cannot be read"));
    }
}
