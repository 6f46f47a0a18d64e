//! What is compared in each case.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};

use super::fixture::{CLOSE, CLOSE_AFTER, Fixture, Model, cases};
use crate::backbone::{EncoderConfig, Weights};
use crate::model::{Compute, MaskedLm, Tagger};
use crate::optim::{AdamW, Step};
use crate::rng::Seeds;

fn scalar(value: f32) -> Tensor {
    Tensor::new(value, &Device::Cpu).unwrap()
}

#[test]
fn parity_of_forward_loss_and_gradients() {
    for case in cases() {
        case.compare_packed("logits_base", &case.every_piece(&case.model(false)));
        let model = case.model(true);
        for (index, hidden) in model.hidden_states(&case.packed()).iter().enumerate() {
            case.compare_packed(&format!("hidden.{index}"), hidden);
        }
        case.compare_packed("logits", &case.every_piece(&model));
        case.compare("loss", &case.loss(&model, case.meta.label_smoothing), CLOSE);
        case.compare("loss_unsmoothed", &case.loss(&model, 0.0), CLOSE);
        let trainable = model.trainable();
        let (_, gradients) = case.backward(&model, &trainable);
        for (name, var) in trainable {
            let ours = Tensor::from_slice(gradients.get(&name).unwrap(), var.shape(), &Device::Cpu).unwrap();
            case.compare(&format!("grad.{name}"), &ours, CLOSE);
        }
        case.compare("grad_norm", &scalar(gradients.norm() as f32), CLOSE);
    }
}

#[test]
fn parity_after_optimiser_steps() {
    for case in cases() {
        let model = case.model(true);
        let settings = &case.meta.adamw;
        let trainable = model.trainable();
        let (mut optimiser, mut losses) = (AdamW::new(settings.adam()), Vec::new());
        for _ in 0..settings.steps {
            let (loss, gradients) = case.backward(&model, &trainable);
            losses.push(loss);
            let (rate, decay) = (settings.lr, settings.weight_decay);
            let step = Step { rate, head_rate: rate, decay, scale: 1.0 };
            optimiser.step(&trainable, &gradients, step).unwrap();
        }
        losses.push(case.backward(&model, &trainable).0);
        case.compare("losses", &Tensor::new(losses, &Device::Cpu).unwrap(), CLOSE);
        for (name, var) in &trainable {
            case.compare(&format!("after.{name}"), var, CLOSE_AFTER);
        }
        case.compare_packed("logits_after", &case.every_piece(&model));
    }
}

/// The bare masked-LM with every parameter trainable: gradients of weights, norms, biases and embeddings.
#[test]
fn parity_of_gradients_of_every_parameter() {
    for case in cases().into_iter().filter(Fixture::is_masked_lm) {
        let (config, mut weights) = case.weights();
        let variables = weights.variables();
        let model = MaskedLm::new(&config, &weights, None, &Seeds::root(1), &Compute::cpu()).unwrap();
        let model = Model::MaskedLm(model);
        case.compare("loss_base", &case.loss(&model, 0.0), CLOSE);
        let (_, gradients) = case.backward(&model, &variables);
        let expected: Vec<&str> =
            case.expected.keys().filter_map(|name| name.strip_prefix("full_grad.")).collect();
        assert!(!expected.is_empty());
        for name in expected {
            let ours = gradients.get(name).unwrap_or_else(|| panic!("no gradient reached {name}"));
            let ours = Tensor::from_slice(ours, variables[name].shape(), &Device::Cpu).unwrap();
            case.compare(&format!("full_grad.{name}"), &ours, CLOSE);
        }
    }
}

/// Weights without the family's prefix, with the old names of layer norms, and with tensors that the encoder does not
/// read.
#[test]
fn parity_of_weight_spellings() {
    for case in cases().into_iter().filter(|case| !case.is_masked_lm()) {
        let other = tempfile::tempdir().unwrap();
        std::fs::copy(case.dir.join("config.json"), other.path().join("config.json")).unwrap();
        let (config, _) = case.weights();
        let prefix = format!("{}.", config.family.module());
        let stored =
            candle_core::safetensors::load(case.dir.join("model.safetensors"), &Device::Cpu).unwrap();
        let old = |name: String| {
            name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        };
        let mut renamed: HashMap<String, Tensor> = stored
            .into_iter()
            .map(|(name, tensor)| (old(name.trim_start_matches(&prefix).to_owned()), tensor))
            .collect();
        let pooler = Tensor::zeros((32, 32), DType::F32, &Device::Cpu).unwrap();
        renamed.insert("pooler.dense.weight".into(), pooler);
        renamed.insert("embeddings.position_ids".into(), Tensor::arange(0i64, 64, &Device::Cpu).unwrap());
        candle_core::safetensors::save(&renamed, other.path().join("model.safetensors")).unwrap();
        let config = EncoderConfig::read(other.path()).unwrap();
        let weights = Weights::open(other.path(), config.family).unwrap();
        let tagger = Tagger::new(&config, &weights, 5, None, &Seeds::root(1), &Compute::cpu()).unwrap();
        let ours = tagger.hidden_states(&case.packed()).unwrap();
        let theirs = case.model(false).hidden_states(&case.packed());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours.to_vec2::<f32>().unwrap(), theirs.to_vec2::<f32>().unwrap());
        }
    }
}
