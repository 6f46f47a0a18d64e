//! Weights in shards, and what stands in place of weights.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::Device;
use serde_json::json;
use tempfile::TempDir;

use super::{Family, RandomEncoder, inspect, weights_files, write_random};
use crate::checkpoint::hash_backbone;
use crate::values::{NamedValues, Values, safetensors_file};

fn backbone() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let words = ["Gout", "was"].map(String::from).to_vec();
    let spec = RandomEncoder {
        family: Family::Bert,
        hidden: 8,
        layers: 1,
        heads: 2,
        intermediate: 16,
        max_positions: 16,
        seed: 1,
        words,
    };
    write_random(dir.path(), &spec).unwrap();
    dir
}

/// Takes `model.safetensors` apart. Returns the index.
fn shard(dir: &Path) -> serde_json::Value {
    let whole = dir.join("model.safetensors");
    let stored: BTreeMap<_, _> =
        candle_core::safetensors::load(&whole, &Device::Cpu).unwrap().into_iter().collect();
    let mut halves = [NamedValues::new(), NamedValues::new()];
    let mut map = serde_json::Map::new();
    for (at, (name, tensor)) in stored.iter().enumerate() {
        halves[at % 2].insert(name.clone(), Values::of(tensor).unwrap());
        map.insert(name.clone(), json!(file(at % 2)));
    }
    for (at, tensors) in halves.iter().enumerate() {
        std::fs::write(dir.join(file(at)), safetensors_file(tensors).unwrap()).unwrap();
    }
    std::fs::remove_file(whole).unwrap();
    let index = json!({ "metadata": { "total_size": 1 }, "weight_map": map });
    std::fs::write(dir.join("model.safetensors.index.json"), index.to_string()).unwrap();
    index
}

fn file(at: usize) -> String {
    format!("model-0000{}-of-00002.safetensors", at + 1)
}

fn refusal(dir: &Path) -> String {
    inspect(dir).unwrap_err().to_string()
}

#[test]
fn weights_in_shards_are_read_by_their_index() {
    let dir = backbone();
    let whole = inspect(dir.path()).unwrap();
    assert_eq!(weights_files(dir.path()).unwrap(), ["model.safetensors"]);
    let mut index = shard(dir.path());
    assert_eq!(inspect(dir.path()).unwrap(), whole);
    let names = weights_files(dir.path()).unwrap();
    assert_eq!(names, ["model.safetensors.index.json".to_owned(), file(0), file(1)]);
    let before = hash_backbone(dir.path()).unwrap();
    let other = backbone();
    shard(other.path());
    assert_eq!(hash_backbone(other.path()).unwrap(), before);
    std::fs::write(other.path().join(file(0)), b"x").unwrap();
    assert_ne!(hash_backbone(other.path()).unwrap(), before, "shards are part of what a backbone computes");

    let write = |index: &serde_json::Value| {
        std::fs::write(dir.path().join("model.safetensors.index.json"), index.to_string()).unwrap();
    };
    index["weight_map"]["bert.nowhere"] = json!(file(1));
    write(&index);
    let lacking = refusal(dir.path());
    assert!(
        lacking.contains("00002-of-00002.safetensors: tensor bert.nowhere: missing, though"),
        "{lacking}"
    );
    for outside in ["../model.safetensors", "/etc/passwd", "a\\b", ".."] {
        index["weight_map"]["bert.nowhere"] = json!(outside);
        write(&index);
        assert!(refusal(dir.path()).contains("shards lie beside the index"), "{outside}");
    }
    write(&json!({ "weight_map": {} }));
    assert!(refusal(dir.path()).contains("weight_map names no tensor"));
    std::fs::remove_file(dir.path().join(file(1))).unwrap();
    shard_is_missing(dir.path(), &mut index);
}

fn shard_is_missing(dir: &Path, index: &mut serde_json::Value) {
    index["weight_map"].as_object_mut().unwrap().remove("bert.nowhere");
    std::fs::write(dir.join("model.safetensors.index.json"), index.to_string()).unwrap();
    let missing = refusal(dir);
    assert!(missing.contains("model-00002-of-00002.safetensors: cannot be read"), "{missing}");
}

#[test]
fn what_stands_in_place_of_a_file_is_named_with_the_way_out() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 438\n";
    let page = "\n<!DOCTYPE html>\n<html><head><title>Sign in</title>";
    for name in ["model.safetensors", "config.json", "vocab.txt", "tokenizer_config.json"] {
        for (content, told) in [
            (pointer, "a pointer of Git LFS, not the file itself; run `git lfs pull`"),
            (page, "a web page, not the file itself; download the file"),
            ("", "the file is empty; download it again"),
            ("<?xml version=\"1.0\"?><Error><Code>AccessDenied", "an error that a server sent, not the file"),
            ("{\"error\":\"Repository not found\"}", "an error that a server sent, not the file"),
        ] {
            let dir = backbone();
            std::fs::write(dir.path().join(name), content).unwrap();
            let refusal = refusal(dir.path());
            assert!(refusal.contains(&format!("{name}: {told}")), "{refusal}");
        }
    }
    let dir = backbone();
    shard(dir.path());
    std::fs::write(dir.path().join(file(0)), pointer).unwrap();
    assert!(refusal(dir.path()).contains("model-00001-of-00002.safetensors: a pointer of Git LFS"));
}

#[test]
fn weights_that_are_not_read_are_named_with_the_way_out() {
    let dir = backbone();
    std::fs::remove_file(dir.path().join("model.safetensors")).unwrap();
    assert!(refusal(dir.path()).contains("the folder holds no weights; it needs one of model.safetensors, "));
    std::fs::write(dir.path().join("tf_model.h5"), "x").unwrap();
    assert!(refusal(dir.path()).contains("tf_model.h5 is of another framework; the folder needs one of"));
    // torch.save(..., _use_new_zipfile_serialization=False) begins like this.
    let old = [b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.".as_slice(), &[0; 40]].concat();
    std::fs::write(dir.path().join("pytorch_model.bin"), old).unwrap();
    let told = refusal(dir.path());
    assert!(
        told.contains("pytorch_model.bin: written by PyTorch before 1.6") && told.contains("torch.save("),
        "{told}"
    );
    std::fs::write(dir.path().join("pytorch_model.bin"), "not a zip").unwrap();
    assert!(refusal(dir.path()).contains("pytorch_model.bin: not a file of PyTorch weights"));
}

#[test]
fn a_tokenizer_that_gives_an_id_without_an_embedding_is_refused() {
    let dir = backbone();
    let path = dir.path().join("vocab.txt");
    let vocabulary = std::fs::read_to_string(&path).unwrap();
    let pieces = vocabulary.lines().count();
    std::fs::write(&path, format!("{vocabulary}later\n")).unwrap();
    let told = refusal(dir.path());
    assert!(told.contains(&format!("vocab_size is {pieces}")), "{told}");
    assert!(
        told.contains(&format!("gives the piece \"later\" the id {pieces}; ids go up to {}", pieces - 1)),
        "{told}"
    );
    // Few pieces, one with a high id.
    std::fs::write(&path, vocabulary).unwrap();
    super::pieces::WordPieces::open(dir.path()).unwrap().save(&dir.path().join("tokenizer.json")).unwrap();
    let tokenizer = std::fs::read_to_string(dir.path().join("tokenizer.json")).unwrap();
    let mut tokenizer: serde_json::Value = serde_json::from_str(&tokenizer).unwrap();
    assert!(inspect(dir.path()).is_ok());
    let vocabulary = tokenizer["model"]["vocab"].as_object_mut().unwrap();
    let last = vocabulary.iter().find(|(_, id)| **id == json!(pieces - 1)).map(|(piece, _)| piece.clone());
    vocabulary.insert(last.unwrap(), json!(pieces + 40));
    std::fs::write(dir.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    assert!(refusal(dir.path()).contains(&format!("the id {}", pieces + 40)));
}

#[test]
fn a_cased_vocabulary_without_settings_keeps_capitals_and_says_so() {
    let dir = backbone();
    let id = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        super::pieces::WordPieces::open(dir.path()).unwrap().split(&words)[0].id
    };
    let settings = dir.path().join("tokenizer_config.json");
    let vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nGout\ngout\n##G\n";
    let write = |vocabulary: &str| std::fs::write(dir.path().join("vocab.txt"), vocabulary).unwrap();
    let config = dir.path().join("config.json");
    let mut keys: serde_json::Value = serde_json::from_slice(&std::fs::read(&config).unwrap()).unwrap();
    write(vocabulary);
    for (content, want, is_told) in [
        (None, 5, true),
        (Some("{}"), 5, true),
        (Some(r#"{"do_lower_case": true}"#), 6, false),
        (Some(r#"{"do_lower_case": false}"#), 5, false),
    ] {
        let _ = std::fs::remove_file(&settings);
        if let Some(content) = content {
            std::fs::write(&settings, content).unwrap();
        }
        assert_eq!(id(&["Gout"]), want, "{content:?}");
        let warning = super::pieces::WordPieces::open(dir.path()).unwrap().warning();
        assert_eq!(warning.is_some(), is_told, "{content:?}");
    }
    let _ = std::fs::remove_file(&settings);
    write("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nwas\ngout\n");
    assert_eq!(id(&["Gout"]), 6, "a vocabulary in lower case is not cased for its special pieces");
    keys["vocab_size"] = json!(99);
    std::fs::write(&config, keys.to_string()).unwrap();
    assert!(refusal(dir.path()).contains("has shape"), "embeddings that are needed must be held");
}
