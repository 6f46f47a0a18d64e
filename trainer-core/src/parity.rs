//! The encoder against values computed by transformers and PEFT, and readers against recorded counts.
//!
//! The fixtures are not part of the repository. They are looked for in `PEDIGREE_PARITY` (then
//! `PEDIGREE_SHARED/parity`, then `../shared/parity` beside the workspace); without them the tests say that they were
//! skipped.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is their report, a skip is seen"
)]

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor, Var};

use crate::LoraTargets;
use crate::backbone::{BertConfig, Weights};
use crate::corpus::{ReadOptions, Scheme, read};
use crate::loss::smoothed;
use crate::model::{LoraShape, Packed, Tagger};
use crate::optim::{AdamW, Gradients, Schedule, Step};
use crate::rng::Seeds;

/// Logits, hidden states, losses, gradients.
const CLOSE: f32 = 1e-4;
/// Trained tensors after five steps.
const CLOSE_AFTER: f32 = 2e-5;

fn shared(own: &str, folder: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let candidates = [
        std::env::var_os(own).map(PathBuf::from),
        std::env::var_os("PEDIGREE_SHARED").map(|shared| Path::new(&shared).join(folder)),
        Some(workspace.join("shared").join(folder)),
    ];
    let found = candidates.into_iter().flatten().find(|path| path.is_dir());
    if found.is_none() {
        println!("SKIPPED: no {folder} folder; set {own} to it");
    }
    found
}

type Tensors = HashMap<String, Tensor>;

/// One fixture: inputs packed, expectations by name.
struct Fixture {
    dir: PathBuf,
    inputs: Tensors,
    expected: Tensors,
    base_head: Tensors,
}

impl Fixture {
    fn open() -> Option<Self> {
        let dir = shared("PEDIGREE_PARITY", "parity")?.join("bert/token-classification");
        let load = |name: &str| candle_core::safetensors::load(dir.join(name), &Device::Cpu).unwrap();
        let (inputs, expected) = (load("inputs.safetensors"), load("expected.safetensors"));
        Some(Self { inputs, expected, base_head: load("model.safetensors"), dir })
    }

    fn rows(&self, name: &str) -> Vec<Vec<i64>> {
        self.inputs[name].to_vec2().unwrap()
    }

    fn packed(&self) -> Packed {
        let (ids, types) = (self.unpadded("input_ids"), self.unpadded("token_type_ids").concat());
        let mut packed = Packed::new(ids.iter().map(Vec::as_slice), &Device::Cpu).unwrap();
        packed.types = Some(Tensor::new(types, &Device::Cpu).unwrap());
        packed
    }

    fn unpadded(&self, name: &str) -> Vec<Vec<u32>> {
        let rows = self.rows(name).into_iter().zip(self.lengths());
        rows.map(|(row, length)| row[..length].iter().map(|&id| id as u32).collect()).collect()
    }

    fn lengths(&self) -> Vec<usize> {
        self.rows("attention_mask").iter().map(|row| row.iter().sum::<i64>() as usize).collect()
    }

    /// Indices and labels of the labelled pieces of the pack.
    fn labelled(&self) -> (Tensor, Tensor) {
        let (mut rows, mut labels, mut start) = (Vec::new(), Vec::new(), 0u32);
        for (row, length) in self.rows("labels").iter().zip(self.lengths()) {
            for (at, &label) in row.iter().enumerate().filter(|(_, label)| **label >= 0) {
                rows.push(start + at as u32);
                labels.push(label as u32);
            }
            start += length as u32;
        }
        let tensor = |values: Vec<u32>| Tensor::new(values, &Device::Cpu).unwrap();
        (tensor(rows), tensor(labels))
    }

    /// The reference's `name`, without padding, beside ours.
    fn compare_packed(&self, name: &str, ours: &Tensor) {
        let expected = &self.expected[name];
        let parts: Vec<Tensor> = self
            .lengths()
            .into_iter()
            .enumerate()
            .map(|(index, length)| expected.get(index).unwrap().narrow(0, 0, length).unwrap())
            .collect();
        close(name, ours, &Tensor::cat(&parts, 0).unwrap(), CLOSE);
    }

    fn tagger(&self, adapter: bool) -> Tagger {
        let config = BertConfig::read(&self.dir).unwrap();
        let weights = Weights::open(&self.dir).unwrap();
        let lora = LoraShape { rank: 16, alpha: 32.0, dropout: 0.0, targets: LoraTargets::Qv };
        let tagger =
            Tagger::new(&config, &weights, 5, adapter.then_some(lora), &Seeds::root(1), &Device::Cpu)
                .unwrap();
        let trained =
            candle_core::safetensors::load(self.dir.join("adapter/adapter_model.safetensors"), &Device::Cpu)
                .unwrap();
        let trainable = tagger.trainable();
        if adapter {
            assert_eq!(trainable.len(), trained.len());
        }
        for (name, var) in trainable {
            let base = name.trim_start_matches("base_model.model.");
            var.set(if adapter { &trained[&name] } else { &self.base_head[base] }).unwrap();
        }
        tagger
    }
}

fn close(name: &str, ours: &Tensor, expected: &Tensor, tolerance: f32) {
    assert_eq!(ours.dims(), expected.dims(), "{name}");
    let difference = (ours - expected).unwrap().abs().unwrap().flatten_all().unwrap();
    let worst = difference.max(0).unwrap().to_scalar::<f32>().unwrap();
    println!("{name}: {worst:.2e}");
    assert!(worst <= tolerance, "{name}: {worst} is more than {tolerance}");
}

fn scalar(value: f32) -> Tensor {
    Tensor::new(value, &Device::Cpu).unwrap()
}

fn backward(tagger: &Tagger, fixture: &Fixture) -> (f32, Gradients) {
    let (rows, labels) = fixture.labelled();
    let logits = tagger.logits(&fixture.packed(), &rows, None).unwrap();
    let loss = smoothed(&logits, &labels, 0.1).unwrap();
    let gradients = Gradients::take(&mut loss.backward().unwrap(), &tagger.trainable()).unwrap();
    (loss.to_scalar().unwrap(), gradients)
}

fn every_piece(tagger: &Tagger, fixture: &Fixture) -> Tensor {
    let packed = fixture.packed();
    let rows = Tensor::arange(0u32, packed.pieces() as u32, &Device::Cpu).unwrap();
    tagger.logits(&packed, &rows, None).unwrap()
}

#[test]
fn parity_of_forward_loss_and_gradients() {
    let Some(fixture) = Fixture::open() else { return };
    fixture.compare_packed("logits_base", &every_piece(&fixture.tagger(false), &fixture));
    let tagger = fixture.tagger(true);
    for (index, hidden) in tagger.hidden_states(&fixture.packed()).unwrap().iter().enumerate() {
        fixture.compare_packed(&format!("hidden.{index}"), hidden);
    }
    fixture.compare_packed("logits", &every_piece(&tagger, &fixture));
    let (rows, labels) = fixture.labelled();
    let logits = tagger.logits(&fixture.packed(), &rows, None).unwrap();
    close("loss", &smoothed(&logits, &labels, 0.1).unwrap(), &fixture.expected["loss"], CLOSE);
    close(
        "loss_unsmoothed",
        &smoothed(&logits, &labels, 0.0).unwrap(),
        &fixture.expected["loss_unsmoothed"],
        CLOSE,
    );
    let (_, gradients) = backward(&tagger, &fixture);
    for (name, var) in tagger.trainable() {
        let ours = Tensor::from_slice(gradients.get(&name).unwrap(), var.shape(), &Device::Cpu).unwrap();
        close(&format!("grad.{name}"), &ours, &fixture.expected[&format!("grad.{name}")], CLOSE);
    }
    close("grad_norm", &scalar(gradients.norm() as f32), &fixture.expected["grad_norm"], CLOSE);
}

#[test]
fn parity_after_five_optimiser_steps() {
    let Some(fixture) = Fixture::open() else { return };
    let tagger = fixture.tagger(true);
    let trainable: BTreeMap<String, Var> = tagger.trainable();
    let mut optimiser = AdamW::default();
    let mut losses = Vec::new();
    for _ in 0..5 {
        let (loss, gradients) = backward(&tagger, &fixture);
        losses.push(loss);
        let step = Step { rate: 3e-3, head_rate: 3e-3, decay: 0.1, scale: 1.0 };
        optimiser.step(&trainable, &gradients, step).unwrap();
    }
    losses.push(backward(&tagger, &fixture).0);
    close("losses", &Tensor::new(losses, &Device::Cpu).unwrap(), &fixture.expected["losses"], CLOSE);
    for (name, var) in &trainable {
        close(&format!("after.{name}"), var, &fixture.expected[&format!("after.{name}")], CLOSE_AFTER);
    }
    fixture.compare_packed("logits_after", &every_piece(&tagger, &fixture));
}

#[test]
fn parity_of_the_schedule() {
    #[derive(serde::Deserialize)]
    struct Curve {
        total_steps: usize,
        warmup_ratio: f64,
        warmup_steps: usize,
        factors: Vec<f64>,
    }
    let Some(dir) = shared("PEDIGREE_PARITY", "parity") else { return };
    let text = std::fs::read_to_string(dir.join("schedule.json")).unwrap();
    for curve in serde_json::from_str::<Vec<Curve>>(&text).unwrap() {
        let ours = Schedule::new(curve.total_steps, curve.warmup_ratio);
        assert_eq!(
            ours.factor(curve.warmup_steps.min(curve.total_steps - 1)),
            curve.factors[curve.warmup_steps]
        );
        for (step, factor) in curve.factors.iter().enumerate() {
            assert!((ours.factor(step) - factor).abs() < 1e-12, "{step} of {}", curve.total_steps);
        }
    }
}

/// Weights without the `bert.` prefix, in half precision, and with tensors that the encoder does not read.
#[test]
fn parity_of_weight_spellings() {
    let Some(fixture) = Fixture::open() else { return };
    let other = tempfile::tempdir().unwrap();
    std::fs::copy(fixture.dir.join("config.json"), other.path().join("config.json")).unwrap();
    let mut renamed: HashMap<String, Tensor> = fixture
        .base_head
        .iter()
        .map(|(name, tensor)| (name.trim_start_matches("bert.").to_owned(), tensor.clone()))
        .collect();
    renamed.insert("pooler.dense.weight".into(), Tensor::zeros((32, 32), DType::F32, &Device::Cpu).unwrap());
    renamed.insert("embeddings.position_ids".into(), Tensor::arange(0i64, 64, &Device::Cpu).unwrap());
    candle_core::safetensors::save(&renamed, other.path().join("model.safetensors")).unwrap();
    let renamed = Fixture { dir: other.path().to_owned(), ..Fixture::open().unwrap() };
    let config = BertConfig::read(&renamed.dir).unwrap();
    let weights = Weights::open(&renamed.dir).unwrap();
    weights.check(&config).unwrap();
    let tagger = Tagger::new(&config, &weights, 5, None, &Seeds::root(1), &Device::Cpu).unwrap();
    let ours = tagger.hidden_states(&renamed.packed()).unwrap();
    let theirs = fixture.tagger(false).hidden_states(&renamed.packed()).unwrap();
    close("hidden", &ours[2], &theirs[2], 0.0);
}

#[test]
fn corpora_have_their_recorded_counts() {
    #[derive(serde::Deserialize)]
    struct Counts {
        sentences: usize,
        sentences_with_mention: usize,
        tokens: usize,
        mentions: usize,
        mentions_by_type: BTreeMap<String, usize>,
        longest_sentence: usize,
        docstart_lines: usize,
    }
    let Some(dir) = shared("PEDIGREE_CORPORA", "corpora") else { return };
    let text = std::fs::read_to_string(dir.join("counts.json")).unwrap();
    let recorded: BTreeMap<String, serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(&text).unwrap();
    for (corpus, splits) in recorded {
        for (name, counts) in splits {
            let path = dir.join(&corpus).join(format!("{name}.conll"));
            let Ok(want) = serde_json::from_value::<Counts>(counts) else { continue };
            let options =
                ReadOptions { entity_type: (corpus == "species-800").then(|| "Species".to_owned()) };
            let split = read(&path, &options).unwrap();
            let ours = split.statistics();
            assert_eq!(split.scheme, Scheme::Iob2, "{corpus} {name}");
            assert_eq!(ours.sentences, want.sentences, "{corpus} {name}");
            assert_eq!(ours.sentences_with_entity, want.sentences_with_mention, "{corpus} {name}");
            assert_eq!((ours.tokens, ours.entities), (want.tokens, want.mentions), "{corpus} {name}");
            assert_eq!(ours.longest_sentence, want.longest_sentence, "{corpus} {name}");
            assert_eq!(split.docstart_lines, want.docstart_lines, "{corpus} {name}");
            if corpus != "species-800" {
                assert_eq!(ours.entities_by_type, want.mentions_by_type, "{corpus} {name}");
            }
        }
    }
}
