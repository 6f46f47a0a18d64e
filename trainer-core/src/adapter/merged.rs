//! A backbone with an adapter added to its weights: a folder that transformers loads without PEFT.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::head::{HEAD, SavedHead};
use super::saved::{Classifier, SavedAdapter};
use super::start::StartAdapter;
use crate::TrainError;
use crate::backbone::pieces::WordPieces;
use crate::backbone::{EncoderConfig, TOKENIZER_FILES, TensorShape, Weights, encoder_tensors};
use crate::json_file::write_json;
use crate::values::{NamedValues, Values, safetensors_file};

/// Writes `config.json`, `model.safetensors` and the tokenizer's files into `out`, made when absent.
///
/// A tagger's adapter gives a model for token classification, with its tags in `config.json`. An adapter without a
/// classifier (domain-adaptive pretraining) gives a backbone again, with the masked-LM head that was trained for it where
/// there is one. Returns the files.
///
/// # Errors
/// One of the folders is not what it should be, or the two do not fit each other; what the file system said.
pub fn export_merged(adapter: &Path, backbone: &Path, out: &Path) -> Result<Vec<PathBuf>, TrainError> {
    let config = EncoderConfig::read(backbone)?;
    let mut weights = Weights::open(backbone, config.family)?;
    weights.check(&config)?;
    let pieces = WordPieces::open(backbone)?;
    let saved = SavedAdapter::open(adapter)?;
    if let Some(start) = StartAdapter::beside(adapter)? {
        start.merge_into(&mut weights, &config)?;
    }
    saved.merge_into(&mut weights, &config)?;
    let head = SavedHead::beside(adapter, &weights, &config)?;
    let mut settings = settings(backbone, &config, &saved.tags()).map_err(TrainError::output(out))?;
    let tensors = match (saved.classifier(), head) {
        (Some(_), Some(_)) => {
            return Err(saved.refused(&format!("has a classifier, and {HEAD} beside it")).into());
        }
        (Some(classifier), None) => tagger_tensors(&config, &weights, classifier)?,
        (None, Some(head)) => {
            head.describe(&mut settings, &config);
            head.on(weights.all()?, &config, weights.is_plain())
        }
        (None, None) => weights.all()?,
    };
    let settings = Value::from(settings);
    std::fs::create_dir_all(out).map_err(TrainError::output(out))?;
    write(out, &tensors, &settings, backbone, &pieces).map_err(TrainError::output(out))
}

fn tagger_tensors(
    config: &EncoderConfig,
    weights: &Weights,
    Classifier { weight, bias }: Classifier<'_>,
) -> Result<NamedValues, TrainError> {
    let mut tensors = NamedValues::new();
    for TensorShape { name, dims } in encoder_tensors(config) {
        let tensor = weights.get(&name, &dims, &candle_core::Device::Cpu)?;
        tensors.insert(format!("{}.{name}", config.family.module()), Values::of(&tensor)?);
    }
    tensors.insert("classifier.weight".into(), Values::of(weight)?);
    tensors.insert("classifier.bias".into(), Values::of(bias)?);
    Ok(tensors)
}

/// The backbone's `config.json`, with the tags where there are any.
fn settings(backbone: &Path, config: &EncoderConfig, tags: &[String]) -> io::Result<Map<String, Value>> {
    let text = std::fs::read_to_string(backbone.join("config.json"))?;
    let mut settings: Map<String, Value> = serde_json::from_str(&text)?;
    settings.remove("torch_dtype");
    settings.insert("dtype".into(), json!("float32"));
    if !tags.is_empty() {
        settings.remove("num_labels");
        let class = format!("{}ForTokenClassification", config.family.class_prefix());
        let by_id: Map<_, _> =
            tags.iter().enumerate().map(|(id, tag)| (id.to_string(), json!(tag))).collect();
        let by_tag: Map<_, _> = tags.iter().enumerate().map(|(id, tag)| (tag.clone(), json!(id))).collect();
        settings.insert("architectures".into(), json!([class]));
        settings.insert("id2label".into(), by_id.into());
        settings.insert("label2id".into(), by_tag.into());
    }
    Ok(settings)
}

fn write(
    out: &Path,
    tensors: &NamedValues,
    settings: &Value,
    backbone: &Path,
    pieces: &WordPieces,
) -> io::Result<Vec<PathBuf>> {
    let mut written = vec![out.join("config.json"), out.join("model.safetensors")];
    write_json(&written[0], settings)?;
    std::fs::write(&written[1], safetensors_file(tensors)?)?;
    for name in TOKENIZER_FILES.into_iter().filter(|name| backbone.join(name).is_file()) {
        std::fs::copy(backbone.join(name), out.join(name))?;
        written.push(out.join(name));
    }
    let tokenizer = out.join("tokenizer.json");
    if !tokenizer.is_file() {
        pieces.save(&tokenizer)?;
        written.push(tokenizer);
    }
    Ok(written)
}
