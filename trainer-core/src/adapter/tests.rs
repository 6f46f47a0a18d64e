//! Branches written, read back and merged.

use std::path::Path;

use candle_core::{Device, Tensor};
use tempfile::TempDir;

use super::saved::SavedAdapter;
use super::{StartAdapter, check_start, export_merged};
use crate::backbone::{EncoderConfig, Family, RandomEncoder, Weights, inspect, write_random};
use crate::model::{Compute, LoraShape, Packed, Tagger};
use crate::rng::Seeds;
use crate::values::{NamedValues, Values, copies, safetensors_file};
use crate::{LoraScaling, LoraTargets};

pub(super) const ALPHA: f64 = 8.0;
pub(super) const TAGS: [&str; 3] = ["O", "B-Gene", "I-Gene"];

pub(super) fn backbone(family: Family) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let words = ('a'..='z').map(String::from).collect();
    let (hidden, layers, heads, intermediate, max_positions) = (24, 2, 3, 40, 40);
    let spec = RandomEncoder { family, hidden, layers, heads, intermediate, max_positions, seed: 3, words };
    write_random(dir.path(), &spec).unwrap();
    dir
}

pub(super) fn tagger(backbone: &Path, lora: Option<LoraShape>) -> Tagger {
    let config = EncoderConfig::read(backbone).unwrap();
    let weights = Weights::open(backbone, config.family).unwrap();
    Tagger::new(&config, &weights, TAGS.len(), lora, &Seeds::root(9), &Compute::cpu()).unwrap()
}

/// An adapter with random values as PEFT would leave it.
pub(super) fn adapter(tagger: &Tagger, lora: LoraShape) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut tensors = NamedValues::new();
    for (name, var) in tagger.trainable() {
        let values = Seeds::root(2).child(&name).draws().normal(var.elem_count(), 0.2);
        var.set(&Tensor::from_slice(&values, var.shape(), &Device::Cpu).unwrap()).unwrap();
        tensors.insert(name, Values { shape: var.dims().to_vec(), numbers: values });
    }
    std::fs::write(dir.path().join("adapter_model.safetensors"), safetensors_file(&tensors).unwrap())
        .unwrap();
    let config = serde_json::json!({
        "peft_type": "LORA", "r": lora.rank, "lora_alpha": ALPHA, "use_rslora": lora.alpha != ALPHA,
        "bias": "none", "rank_pattern": {},
    });
    std::fs::write(dir.path().join("adapter_config.json"), config.to_string()).unwrap();
    let labels: serde_json::Map<_, _> =
        TAGS.iter().enumerate().map(|(id, tag)| ((*tag).to_owned(), id.into())).collect();
    let labels = serde_json::json!({ "label2id": labels });
    std::fs::write(dir.path().join("ner_labels.json"), labels.to_string()).unwrap();
    dir
}

/// The same without its classifier, as a pretraining leaves it.
pub(super) fn pretrained(tagger: &Tagger, lora: LoraShape) -> TempDir {
    let folder = adapter(tagger, lora);
    let branches = tagger.trainable().into_iter().filter(|(name, _)| name.contains(".lora_")).collect();
    let tensors = copies(&branches).unwrap();
    let path = folder.path().join("adapter_model.safetensors");
    std::fs::write(path, safetensors_file(&tensors).unwrap()).unwrap();
    std::fs::remove_file(folder.path().join("ner_labels.json")).unwrap();
    folder
}

fn last_hidden(tagger: &Tagger) -> Vec<f32> {
    let sequence: Vec<u32> = (2..30).collect();
    let batch = Packed::new([sequence.as_slice()].into_iter(), &Compute::cpu()).unwrap();
    tagger.hidden(&batch, &mut None).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// New branches add nothing, so a fine-tuning starts with the hidden states of the pretraining.
#[test]
fn a_fine_tuning_starts_from_the_hidden_states_of_the_pretraining() {
    for family in Family::ALL {
        let lora = LoraShape { rank: 4, alpha: ALPHA, dropout: 0.0, targets: LoraTargets::AllLinear };
        let backbone = backbone(family);
        let unmerged = tagger(backbone.path(), Some(lora));
        let folder = pretrained(&unmerged, lora);
        for (name, path) in check_start(folder.path(), backbone.path()).unwrap() {
            let to = backbone.path().join(name);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(path, to).unwrap();
        }
        let config = EncoderConfig::read(backbone.path()).unwrap();
        let mut weights = Weights::open(backbone.path(), family).unwrap();
        let start = StartAdapter::beside(backbone.path()).unwrap().unwrap();
        start.merge_into(&mut weights, &config).unwrap();
        let merged = Tagger::new(&config, &weights, 3, Some(lora), &Seeds::root(1), &Compute::cpu()).unwrap();
        let difference = largest_difference(&last_hidden(&unmerged), &last_hidden(&merged));
        assert!(difference < 1e-5, "{family:?}: {difference}");
        let apart = largest_difference(&last_hidden(&unmerged), &last_hidden(&tagger(backbone.path(), None)));
        assert!(apart > 1e-2, "{family:?}: the adapter does nothing");
    }
}

fn logits(tagger: &Tagger) -> Vec<f32> {
    let sequence: Vec<u32> = (2..30).collect();
    let batch = Packed::new([sequence.as_slice()].into_iter(), &Compute::cpu()).unwrap();
    let rows = Tensor::arange(0u32, 28, &Device::Cpu).unwrap();
    tagger.logits(&batch, &rows, None).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn merged_and_loaded_adapters_compute_the_same() {
    for family in Family::ALL {
        for (targets, scaling) in
            [(LoraTargets::Qv, LoraScaling::Rslora), (LoraTargets::AllLinear, LoraScaling::Standard)]
        {
            let lora = LoraShape { rank: 4, alpha: scaling.plain_alpha(ALPHA, 4), dropout: 0.0, targets };
            let backbone = backbone(family);
            let trained = tagger(backbone.path(), Some(lora));
            let folder = adapter(&trained, lora);
            let saved = SavedAdapter::open(folder.path()).unwrap();
            let config = EncoderConfig::read(backbone.path()).unwrap();
            assert_eq!(saved.lora(&config).unwrap(), lora);
            assert_eq!(saved.tags(), TAGS);
            let loaded = tagger(backbone.path(), Some(lora));
            saved.put_into(&loaded.trainable()).unwrap();
            assert_eq!(logits(&trained), logits(&loaded));

            let out = tempfile::tempdir().unwrap();
            export_merged(folder.path(), backbone.path(), out.path()).unwrap();
            let merged = tagger(out.path(), None);
            let weights = Weights::open(out.path(), family).unwrap();
            for (name, var) in merged.trainable() {
                let name = name.trim_start_matches(crate::model::peft::OUTER);
                var.set(&weights.outside(name, var.dims(), &Device::Cpu).unwrap()).unwrap();
            }
            let difference = largest_difference(&logits(&trained), &logits(&merged));
            assert!(difference < 1e-5, "{family:?} {targets:?}: {difference}");
            assert_ne!(logits(&trained), logits(&tagger(backbone.path(), None)));
            let config = std::fs::read_to_string(out.path().join("config.json")).unwrap();
            assert!(
                config.contains("ForTokenClassification") && config.contains("\"1\": \"B-Gene\""),
                "{config}"
            );
            inspect(out.path()).unwrap();
        }
    }
}

#[test]
fn what_changes_the_computation_is_refused() {
    let backbone = backbone(Family::Bert);
    let lora = LoraShape { rank: 2, alpha: ALPHA, dropout: 0.0, targets: LoraTargets::Qv };
    let folder = adapter(&tagger(backbone.path(), Some(lora)), lora);
    let path = folder.path().join("adapter_config.json");
    let of = |config: &str| {
        std::fs::write(&path, config).unwrap();
        SavedAdapter::open(folder.path()).map(drop).unwrap_err().to_string()
    };
    assert!(of(r#"{"peft_type": "LOHA", "r": 2, "lora_alpha": 2}"#).ends_with("peft_type must be LORA"));
    let dora = of(r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 2, "use_dora": true}"#);
    assert!(dora.ends_with("adapter_config.json: use_dora is not implemented"), "{dora}");
    let pattern = of(r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 2, "rank_pattern": {"query": 8}}"#);
    assert!(pattern.contains("rank_pattern"), "{pattern}");
    let other = backbone_of_another_width();
    std::fs::write(&path, r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 2}"#).unwrap();
    let error =
        export_merged(folder.path(), other.path(), &folder.path().join("out")).unwrap_err().to_string();
    assert!(error.contains("has shape [2, 24]") && error.contains("[2, 12]"), "{error}");
}

fn backbone_of_another_width() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let words = ('a'..='z').map(String::from).collect();
    let (hidden, layers, heads, intermediate, max_positions) = (12, 2, 3, 20, 40);
    let family = Family::Bert;
    let spec = RandomEncoder { family, hidden, layers, heads, intermediate, max_positions, seed: 3, words };
    write_random(dir.path(), &spec).unwrap();
    dir
}
