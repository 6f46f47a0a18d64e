//! One case: its inputs packed, its expectations by name, its model.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor, Var};

use super::shared;
use crate::LoraTargets;
use crate::backbone::{EncoderConfig, Weights};
use crate::loss::smoothed;
use crate::model::{Compute, LoraShape, MaskedLm, Packed, Tagger, peft};
use crate::optim::AdamSettings;
use crate::optim::Gradients;
use crate::rng::Seeds;

/// Logits, hidden states, losses, gradients.
pub(super) const CLOSE: f32 = 1e-4;
/// Trained tensors after the optimiser's steps.
pub(super) const CLOSE_AFTER: f32 = 2e-5;

type Tensors = HashMap<String, Tensor>;

pub(super) struct Fixture {
    pub(super) dir: PathBuf,
    pub(super) meta: Meta,
    inputs: Tensors,
    pub(super) expected: Tensors,
}

#[derive(serde::Deserialize)]
pub(super) struct Meta {
    task: String,
    pub(super) label_smoothing: f64,
    lora: Lora,
    pub(super) adamw: AdamWSettings,
}

#[derive(serde::Deserialize)]
struct Lora {
    r: usize,
    alpha: f64,
}

#[derive(serde::Deserialize)]
pub(super) struct AdamWSettings {
    pub(super) lr: f64,
    pub(super) betas: [f64; 2],
    pub(super) eps: f64,
    pub(super) weight_decay: f64,
    pub(super) steps: usize,
}

impl AdamWSettings {
    pub(super) fn adam(&self) -> AdamSettings {
        let [beta1, beta2] = self.betas;
        AdamSettings { beta1, beta2, epsilon: self.eps }
    }
}

/// All cases, or none where the fixtures are missing.
pub(super) fn cases() -> Vec<Fixture> {
    let Some(root) = shared("PEDIGREE_PARITY", "parity") else { return Vec::new() };
    let mut folders = vec![root.clone()];
    for _ in 0..2 {
        let inner: Vec<PathBuf> = folders.iter().flat_map(|folder| subfolders(folder)).collect();
        folders.extend(inner);
    }
    folders.sort();
    folders.dedup();
    folders.retain(|folder| folder.join("expected.safetensors").is_file());
    assert!(!folders.is_empty(), "{} holds no case", root.display());
    folders.into_iter().map(Fixture::open).collect()
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

/// Either model, with what a case asks of both.
pub(super) enum Model {
    Tagger(Tagger),
    MaskedLm(MaskedLm),
}

impl Model {
    pub(super) fn trainable(&self) -> BTreeMap<String, Var> {
        match self {
            Self::Tagger(model) => model.trainable(),
            Self::MaskedLm(model) => model.trainable(),
        }
    }

    pub(super) fn hidden_states(&self, batch: &Packed) -> Vec<Tensor> {
        match self {
            Self::Tagger(model) => model.hidden_states(batch).unwrap(),
            Self::MaskedLm(model) => model.hidden_states(batch).unwrap(),
        }
    }

    pub(super) fn logits(&self, batch: &Packed, rows: &Tensor) -> Tensor {
        match self {
            Self::Tagger(model) => model.logits(batch, rows, None).unwrap(),
            Self::MaskedLm(model) => model.logits(batch, rows, None).unwrap(),
        }
    }
}

impl Fixture {
    fn open(dir: PathBuf) -> Self {
        let load = |name: &str| candle_core::safetensors::load(dir.join(name), &Device::Cpu).unwrap();
        let meta = std::fs::read_to_string(dir.join("meta.json")).unwrap();
        Self {
            inputs: load("inputs.safetensors"),
            expected: load("expected.safetensors"),
            meta: serde_json::from_str(&meta).unwrap(),
            dir,
        }
    }

    pub(super) fn is_masked_lm(&self) -> bool {
        self.meta.task == "masked-lm"
    }

    fn rows(&self, name: &str) -> Vec<Vec<i64>> {
        self.inputs[name].to_vec2().unwrap()
    }

    pub(super) fn packed(&self) -> Packed {
        let ids = self.unpadded("input_ids");
        let mut packed = Packed::new(ids.iter().map(Vec::as_slice), &Compute::cpu()).unwrap();
        if self.inputs.contains_key("token_type_ids") {
            packed.types = Some(Tensor::new(self.unpadded("token_type_ids").concat(), &Device::Cpu).unwrap());
        }
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
    pub(super) fn labelled(&self) -> (Tensor, Tensor) {
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
    pub(super) fn compare_packed(&self, name: &str, ours: &Tensor) {
        let expected = &self.expected[name];
        let parts: Vec<Tensor> = self
            .lengths()
            .into_iter()
            .enumerate()
            .map(|(index, length)| expected.get(index).unwrap().narrow(0, 0, length).unwrap())
            .collect();
        self.close(name, ours, &Tensor::cat(&parts, 0).unwrap(), CLOSE);
    }

    /// Ours beside the reference's `name`.
    pub(super) fn compare(&self, name: &str, ours: &Tensor, tolerance: f32) {
        self.close(name, ours, &self.expected[name], tolerance);
    }

    fn close(&self, name: &str, ours: &Tensor, expected: &Tensor, tolerance: f32) {
        let case = self.dir.display();
        assert_eq!(ours.dims(), expected.dims(), "{case} {name}");
        let difference = (ours - expected).unwrap().abs().unwrap().flatten_all().unwrap();
        let worst = difference.max(0).unwrap().to_scalar::<f32>().unwrap();
        println!("{case} {name}: {worst:.2e}");
        assert!(worst <= tolerance, "{case} {name}: {worst} is more than {tolerance}");
    }

    pub(super) fn weights(&self) -> (EncoderConfig, Weights) {
        let config = EncoderConfig::read(&self.dir).unwrap();
        let weights = Weights::open(&self.dir, config.family).unwrap();
        weights.check(&config).unwrap();
        (config, weights)
    }

    /// The model with the weights of the case, and with its adapter or without.
    pub(super) fn model(&self, adapter: bool) -> Model {
        let (config, weights) = self.weights();
        let Lora { r: rank, alpha } = self.meta.lora;
        let lora = LoraShape { rank, alpha, dropout: 0.0, targets: LoraTargets::Qv };
        let lora = adapter.then_some(lora);
        let trained = self.adapter();
        let seeds = Seeds::root(1);
        let model = if self.is_masked_lm() {
            Model::MaskedLm(MaskedLm::new(&config, &weights, lora, &seeds, &Compute::cpu()).unwrap())
        } else {
            let labels = trained[peft::CLASSIFIER_BIAS].elem_count();
            Model::Tagger(Tagger::new(&config, &weights, labels, lora, &seeds, &Compute::cpu()).unwrap())
        };
        if adapter {
            assert_eq!(model.trainable().len(), trained.len());
        }
        for (name, var) in model.trainable() {
            let base = |name: &str| {
                let name = name.trim_start_matches(peft::OUTER);
                weights.outside(name, var.dims(), &Device::Cpu).unwrap()
            };
            var.set(&if adapter { trained[&name].clone() } else { base(&name) }).unwrap();
        }
        model
    }

    fn adapter(&self) -> Tensors {
        let path = self.dir.join("adapter/adapter_model.safetensors");
        candle_core::safetensors::load(path, &Device::Cpu).unwrap()
    }

    pub(super) fn every_piece(&self, model: &Model) -> Tensor {
        let packed = self.packed();
        let rows = Tensor::arange(0u32, packed.pieces() as u32, &Device::Cpu).unwrap();
        model.logits(&packed, &rows)
    }

    pub(super) fn loss(&self, model: &Model, smoothing: f64) -> Tensor {
        let (rows, labels) = self.labelled();
        smoothed(&model.logits(&self.packed(), &rows), &labels, smoothing).unwrap()
    }

    pub(super) fn backward(&self, model: &Model, variables: &BTreeMap<String, Var>) -> (f32, Gradients) {
        let loss = self.loss(model, self.meta.label_smoothing);
        let gradients = Gradients::take(&mut loss.backward().unwrap(), variables).unwrap();
        (loss.to_scalar().unwrap(), gradients)
    }
}
