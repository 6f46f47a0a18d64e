//! What an adapter may hold: what has no place is refused by its name, by export and evaluation alike.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::export_merged;
use super::tests::{ALPHA, TAGS, adapter, backbone, pretrained, tagger};
use crate::backbone::{EncoderConfig, Family, TensorShape, head_tensors};
use crate::inference::Recogniser;
use crate::model::LoraShape;
use crate::values::{NamedValues, Values, safetensors_file};
use crate::{LoraScaling, LoraTargets};

const LORA: LoraShape = LoraShape { rank: 2, alpha: ALPHA, dropout: 0.0, targets: LoraTargets::Qv };
const CLASSIFIER: &str = "base_model.model.classifier";

/// A backbone of hidden width 24 with an adapter as PEFT writes it.
struct Saved {
    backbone: TempDir,
    adapter: TempDir,
}

impl Saved {
    fn new() -> Self {
        let backbone = backbone(Family::Bert);
        let adapter = adapter(&tagger(backbone.path(), Some(LORA)), LORA);
        let saved = Self { backbone, adapter };
        saved.write("adapter_config.json", &config());
        let ids: serde_json::Map<String, Value> =
            TAGS.iter().enumerate().map(|(id, tag)| (id.to_string(), json!(tag))).collect();
        saved.write("ner_labels.json", &json!({ "id2label": ids, "max_length": 16, "stride": 4 }));
        saved
    }

    fn write(&self, name: &str, value: &Value) {
        std::fs::write(self.adapter.path().join(name), value.to_string()).unwrap();
    }

    fn with_setting(self, key: &str, value: Value) -> Self {
        let mut config = config();
        config[key] = value;
        self.write("adapter_config.json", &config);
        self
    }

    /// Renames, adds and removes tensors of the file.
    fn with_tensors(self, change: impl FnOnce(&mut NamedValues)) -> Self {
        let path = self.adapter.path().join("adapter_model.safetensors");
        let stored = candle_core::safetensors::load(&path, &candle_core::Device::Cpu).unwrap();
        let mut tensors: NamedValues =
            stored.iter().map(|(name, tensor)| (name.clone(), Values::of(tensor).unwrap())).collect();
        change(&mut tensors);
        std::fs::write(path, safetensors_file(&tensors).unwrap()).unwrap();
        self
    }

    fn export(&self) -> Result<Vec<std::path::PathBuf>, String> {
        let out = self.adapter.path().join("out");
        let done = export_merged(self.adapter.path(), self.backbone.path(), &out);
        assert_eq!(out.exists(), done.is_ok(), "what is refused leaves nothing");
        done.map_err(|error| error.to_string())
    }

    /// The refusal of export. Evaluation refuses it too.
    fn refusal(&self) -> String {
        let error = self.export().unwrap_err();
        Recogniser::open(self.adapter.path(), self.backbone.path()).unwrap_err();
        error
    }
}

/// As PEFT 0.21 writes it.
fn config() -> Value {
    json!({
        "alora_invocation_tokens": null, "alpha_pattern": {}, "arrow_config": null, "auto_mapping": null,
        "base_model_name_or_path": "b", "bias": "none", "corda_config": null, "ensure_weight_tying": false,
        "eva_config": null, "exclude_modules": null, "fan_in_fan_out": false, "inference_mode": true,
        "init_lora_weights": true, "layer_replication": null, "layers_pattern": null,
        "layers_to_transform": null, "loftq_config": {}, "lora_alpha": ALPHA, "lora_bias": false,
        "lora_dropout": 0.0, "megatron_config": null, "megatron_core": "megatron.core",
        "modules_to_save": ["classifier", "score"], "peft_type": "LORA", "peft_version": "0.21.2",
        "qalora_group_size": 16, "r": 2, "rank_pattern": {}, "revision": null,
        "target_modules": ["query", "value"], "target_parameters": null, "task_type": "TOKEN_CLS",
        "trainable_token_indices": null, "use_dora": false, "use_qalora": false, "use_rslora": false,
    })
}

fn values(shape: &[usize]) -> Values {
    Values { shape: shape.to_vec(), numbers: vec![0.5; shape.iter().product()] }
}

#[test]
fn a_tensor_without_a_place_is_refused_by_its_name() {
    assert!(Saved::new().export().is_ok());
    let embeddings = "base_model.model.bert.embeddings";
    for (name, shape) in [
        (format!("{embeddings}.LayerNorm.weight"), vec![24]),
        (format!("{embeddings}.word_embeddings.token_adapter.trainable_tokens_delta"), vec![2, 24]),
        (format!("{embeddings}.word_embeddings.lora_embedding_A"), vec![2, 30]),
        (format!("{embeddings}.word_embeddings.weight"), vec![30, 24]),
        ("base_model.model.bert.encoder.layer.0.attention.self.query.lora_magnitude_vector".into(), vec![24]),
        ("base_model.model.bert.encoder.layer.0.attention.self.query.base_layer.bias".into(), vec![24]),
        ("base_model.model.bert.pooler.dense.weight".into(), vec![24, 24]),
        ("base_model.model.score.weight".into(), vec![3, 24]),
        (format!("{CLASSIFIER}.modules_to_save.weight"), vec![3, 24]),
    ] {
        let refusal =
            Saved::new().with_tensors(|all| drop(all.insert(name.clone(), values(&shape)))).refusal();
        assert!(refusal.contains(&format!("tensor {name}: the model has no such tensor")), "{refusal}");
    }
    for path in ["bert.encoder.layer.7.attention.self.query", "electra.encoder.layer.0.attention.self.query"]
    {
        let refusal = Saved::new().with_tensors(|all| {
            all.insert(format!("base_model.model.{path}.lora_A.weight"), values(&[2, 24]));
            all.insert(format!("base_model.model.{path}.lora_B.weight"), values(&[24, 2]));
        });
        let refusal = refusal.refusal();
        assert!(refusal.contains(path) && refusal.contains("no such tensor"), "{refusal}");
    }
}

#[test]
fn a_tensor_that_is_missing_is_refused_by_its_name() {
    let query = "base_model.model.bert.encoder.layer.1.attention.self.query";
    let lora_a = format!("{query}.lora_A.weight");
    for name in [format!("{query}.lora_B.weight"), lora_a.clone()] {
        let refusal = Saved::new().with_tensors(|all| drop(all.remove(&name))).refusal();
        assert!(refusal.contains(&format!("tensor {name}: missing")), "{refusal}");
    }
    let both = |all: &mut NamedValues| all.retain(|name, _| !name.starts_with(query));
    let refusal = Saved::new().with_tensors(both).refusal();
    assert!(
        refusal.contains(&format!("tensor {lora_a}: missing, though target_modules names query")),
        "{refusal}"
    );
    let some = Saved::new().with_setting("layers_to_transform", json!([0])).with_tensors(both);
    assert!(some.export().is_ok(), "an adapter on some layers only");
}

#[test]
fn a_tagger_without_its_classifier_is_refused_and_not_exported_as_a_plain_encoder() {
    let name = |part: &str| format!("{CLASSIFIER}.{part}");
    for parts in [&["weight", "bias"][..], &["weight"], &["bias"]] {
        let remove = |all: &mut NamedValues| parts.iter().for_each(|part| drop(all.remove(&name(part))));
        let refusal = Saved::new().with_tensors(remove).refusal();
        assert!(refusal.contains(&format!("tensor {}: missing", name(parts[0]))), "{refusal}");
    }
    // Renamed, as a10-modules-to-save-name has it.
    let rename = |all: &mut NamedValues| {
        for part in ["weight", "bias"] {
            let values = all.remove(&name(part)).unwrap();
            all.insert(format!("{CLASSIFIER}.modules_to_save.{part}"), values);
        }
    };
    let refusal = Saved::new().with_tensors(rename).refusal();
    assert!(refusal.contains("base_model.model.classifier.weight: missing"), "{refusal}");
    let seven = |all: &mut NamedValues| {
        all.insert(name("weight"), values(&[7, 24]));
        all.insert(name("bias"), values(&[7]));
    };
    let refusal = Saved::new().with_tensors(seven).refusal();
    assert!(refusal.contains("has 7 rows, but ner_labels.json names 3 tags"), "{refusal}");
    // An adapter of a pretraining has none, and gives a backbone again.
    let backbone = backbone(Family::Bert);
    let folder = pretrained(&tagger(backbone.path(), Some(LORA)), LORA);
    export_merged(folder.path(), backbone.path(), &folder.path().join("out")).unwrap();
    assert!(folder.path().join("out/model.safetensors").is_file());
}

#[test]
fn a_setting_that_changes_the_computation_is_refused_by_its_name() {
    for (key, value) in [
        ("trainable_token_indices", json!([5, 6])),
        ("layer_replication", json!([[0, 2], [1, 2]])),
        ("target_parameters", json!(["mlp.experts"])),
        ("use_dora", json!(true)),
        ("use_qalora", json!(true)),
        ("lora_bias", json!(true)),
        ("fan_in_fan_out", json!(true)),
        ("bias", json!("lora_only")),
        ("alpha_pattern", json!({"query": 4})),
        ("loftq_config", json!({"loftq_bits": 4})),
        ("corda_config", json!({"corda_method": "kpm"})),
        ("a_setting_of_tomorrow", json!(3)),
        ("modules_to_save", json!(["classifier", "embeddings.LayerNorm"])),
        ("task_type", json!("SEQ_CLS")),
        ("init_lora_weights", json!("pissa")),
        ("init_lora_weights", json!("pissa_niter_16")),
        ("init_lora_weights", json!("olora")),
        ("init_lora_weights", json!("corda")),
        ("init_lora_weights", json!("loftq")),
        ("init_lora_weights", json!("lora_ga")),
    ] {
        let refusal = Saved::new().with_setting(key, value.clone()).refusal();
        assert!(
            refusal.contains("adapter_config.json: ") && refusal.contains(key),
            "{key} {value}: {refusal}"
        );
    }
    for way in [json!(true), json!(false), json!("gaussian"), json!("orthogonal"), json!("eva"), Value::Null]
    {
        assert!(Saved::new().with_setting("init_lora_weights", way).export().is_ok());
    }
    let embedded = Saved::new().with_setting("target_modules", json!(["query", "value", "word_embeddings"]));
    let refusal = embedded.refusal();
    assert!(refusal.contains("target_modules names word_embeddings, which is no linear layer"), "{refusal}");
}

#[test]
fn labels_that_number_the_tags_in_two_ways_are_refused() {
    let saved = Saved::new();
    let refusal = |labels: Value| {
        saved.write("ner_labels.json", &labels);
        saved.refusal()
    };
    let ids = json!({"0": "O", "1": "B-Gene", "2": "I-Gene"});
    let swapped = json!({"O": 0, "B-Gene": 2, "I-Gene": 1});
    assert!(refusal(json!({"id2label": ids, "label2id": swapped})).contains("number the tags differently"));
    assert!(refusal(json!({"id2label": {"0": "O", "2": "B-Gene", "3": "I-Gene"}})).contains("without gaps"));
    assert!(refusal(json!({"scheme": "IOBES", "id2label": ids})).contains("scheme IOBES is not implemented"));
}

/// The inputs as they were reported, where they are at hand.
#[test]
fn reported_adapters_are_refused() {
    let Some(shared) = reported() else {
        eprintln!("skipped: there is no shared/faults/adapters");
        return;
    };
    for (folder, tensor) in [
        ("a03-extra-module-saved", "embeddings.LayerNorm"),
        ("a10-modules-to-save-name", "base_model.model.classifier.weight"),
        ("a20-trainable-tokens", "trainable_token_indices"),
    ] {
        let error = super::SavedAdapter::open(&shared.join(folder)).unwrap_err().to_string();
        assert!(error.contains(tensor), "{folder}: {error}");
    }
}

fn reported() -> Option<std::path::PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let beside = workspace.parent()?.join("shared/faults/adapters");
    beside.is_dir().then_some(beside)
}

#[test]
fn scaling_by_the_root_of_the_rank_is_read() {
    let saved = Saved::new().with_setting("use_rslora", json!(true));
    let read = super::SavedAdapter::open(saved.adapter.path()).unwrap();
    let config = crate::backbone::EncoderConfig::read(saved.backbone.path()).unwrap();
    assert_eq!(read.lora(&config).unwrap().alpha, LoraScaling::Rslora.plain_alpha(ALPHA, 2));
}

/// The head beside a pretraining's adapter is accounted for like the adapter.
#[test]
fn a_head_that_does_not_fit_its_backbone_is_refused_by_its_tensor() {
    let backbone = backbone(Family::Electra);
    let config = EncoderConfig::read(backbone.path()).unwrap();
    let head = || -> NamedValues {
        let values = |dims: &[usize]| vec![0.0; dims.iter().product()];
        let tensors = head_tensors(&config).into_iter();
        tensors
            .map(|TensorShape { name, dims }| (name, Values { numbers: values(&dims), shape: dims }))
            .collect()
    };
    let tagger = tagger(backbone.path(), Some(LORA));
    let folder = pretrained(&tagger, LORA);
    let of = |adapter: &Path, tensors: NamedValues| {
        std::fs::write(adapter.join("lm_head.safetensors"), safetensors_file(&tensors).unwrap()).unwrap();
        let out = adapter.join("out");
        let done = export_merged(adapter, backbone.path(), &out);
        assert_eq!(out.exists(), done.is_ok(), "what is refused leaves nothing");
        done.map(drop).map_err(|error| error.to_string())
    };
    let mut other = head();
    other.insert("generator_predictions.extra".into(), Values::flat(vec![0.0]));
    let error = of(folder.path(), other).unwrap_err();
    assert!(
        error.contains("lm_head.safetensors") && error.contains("generator_predictions.extra"),
        "{error}"
    );
    let mut other = head();
    other.remove("generator_lm_head.bias").unwrap();
    let error = of(folder.path(), other).unwrap_err();
    assert!(error.contains("generator_lm_head.bias") && error.contains("missing"), "{error}");
    let mut other = head();
    other.insert("generator_lm_head.bias".into(), Values::flat(vec![0.0; 3]));
    let error = of(folder.path(), other).unwrap_err();
    assert!(error.contains("has shape [3]"), "{error}");
    let error = of(adapter(&tagger, LORA).path(), head()).unwrap_err();
    assert!(error.contains("has a classifier, and lm_head.safetensors beside it"), "{error}");
    of(folder.path(), head()).unwrap();
}

#[test]
fn values_that_no_computation_survives_are_refused_by_their_tensor() {
    for value in [f32::NAN, f32::INFINITY] {
        let saved = Saved::new().with_tensors(|tensors| {
            tensors.get_mut("base_model.model.classifier.bias").unwrap().numbers[1] = value;
        });
        let error = saved.refusal();
        assert!(
            error.contains("classifier.bias") && error.contains("holds NaN or an infinite value"),
            "{error}"
        );
    }
    // Numbers of another kind are not read as if they were weights.
    let saved = Saved::new();
    let path = saved.adapter.path().join("adapter_model.safetensors");
    let file = std::fs::read(&path).unwrap();
    let at = file.windows(5).position(|bytes| bytes == b"\"F32\"").unwrap();
    let mut whole = file.clone();
    whole[at..at + 5].copy_from_slice(b"\"U32\"");
    std::fs::write(&path, whole).unwrap();
    assert!(saved.refusal().contains("holds U32; floating point is needed"), "{}", saved.refusal());
}
