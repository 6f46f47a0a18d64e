//! The fused operations against candle's own autograd, and what dropout and packing may not change.

use std::collections::BTreeMap;

use candle_core::{D, Device, Tensor, Var};
use tempfile::TempDir;

use super::layer::Layer;
use super::ops;
use super::{LoraShape, Packed, Tagger};
use crate::LoraTargets;
use crate::backbone::{EncoderConfig, Family, RandomEncoder, Weights, write_random};
use crate::rng::Seeds;

fn folder(family: Family) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let words = ('a'..='z').map(String::from).collect();
    let (hidden, layers, heads, intermediate, max_positions) = (24, 2, 3, 40, 40);
    let spec = RandomEncoder { family, hidden, layers, heads, intermediate, max_positions, seed: 3, words };
    write_random(dir.path(), &spec).unwrap();
    dir
}

fn tagger(family: Family, targets: LoraTargets, dropout: f64) -> Tagger {
    let dir = folder(family);
    let config = EncoderConfig::read(dir.path()).unwrap();
    let weights = Weights::open(dir.path(), family).unwrap();
    let lora = LoraShape { rank: 4, alpha: 8.0, dropout, targets };
    let seeds = Seeds::root(9);
    let tagger = Tagger::new(&config, &weights, 5, Some(lora), &seeds, &Device::Cpu).unwrap();
    // B starts at zero, which would hide the gradient of A.
    for (name, var) in tagger.trainable() {
        let values = seeds.child(&name).draws().normal(var.elem_count(), 0.1);
        var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap()).unwrap();
    }
    tagger
}

fn batch() -> Packed {
    let sequences: [Vec<u32>; 3] = [(2..20).collect(), vec![2, 9, 3], (5..36).collect()];
    Packed::new(sequences.iter().map(Vec::as_slice), &Device::Cpu).unwrap()
}

fn all_rows(batch: &Packed) -> Tensor {
    Tensor::arange(0u32, batch.pieces() as u32, &Device::Cpu).unwrap()
}

/// A scalar that depends on every logit in its own way.
fn scalar(logits: &Tensor) -> Tensor {
    let weights = Seeds::root(4).draws().normal(logits.elem_count(), 1.0);
    let weights = Tensor::from_vec(weights, logits.shape(), logits.device()).unwrap();
    (logits * weights).unwrap().sum_all().unwrap()
}

fn gradients(tagger: &Tagger, scalar: &Tensor) -> BTreeMap<String, Vec<f32>> {
    let gradients = scalar.backward().unwrap();
    let of = |var: &Var| gradients.get(var).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    tagger.trainable().iter().map(|(name, var)| (name.clone(), of(var))).collect()
}

fn plain_norm(x: &Tensor, (weight, bias): &(Tensor, Tensor), eps: f64) -> Tensor {
    candle_nn::ops::layer_norm_slow(x, weight, bias, eps as f32).unwrap()
}

fn plain_attention(layer: &Layer, x: &Tensor, offsets: &[usize]) -> Tensor {
    let width = x.dim(1).unwrap();
    let depth = width / layer.heads;
    let split = |t: Tensor, start: usize, length: usize| {
        let t = t.narrow(0, start, length).unwrap().reshape((length, layer.heads, depth)).unwrap();
        t.transpose(0, 1).unwrap().contiguous().unwrap()
    };
    let [q, k, v] = [&layer.query, &layer.key, &layer.value].map(|p| p.plain(x).unwrap());
    let parts: Vec<Tensor> = offsets
        .windows(2)
        .map(|bound| {
            let [q, k, v] = [&q, &k, &v].map(|t| split(t.clone(), bound[0], bound[1] - bound[0]));
            let scores = (q.matmul(&k.t().unwrap()).unwrap() / (depth as f64).sqrt()).unwrap();
            let context = candle_nn::ops::softmax(&scores, D::Minus1).unwrap().matmul(&v).unwrap();
            context.transpose(0, 1).unwrap().reshape((bound[1] - bound[0], width)).unwrap()
        })
        .collect();
    Tensor::cat(&parts, 0).unwrap()
}

fn plain_logits(tagger: &Tagger, batch: &Packed) -> Tensor {
    let mut x = tagger.encoder.embeddings.forward(batch, &mut None).unwrap();
    for layer in &tagger.encoder.layers {
        let context = plain_attention(layer, &x, &batch.offsets);
        let context = layer.attention_output.plain(&context).unwrap();
        x = plain_norm(&(x + context).unwrap(), &layer.attention_norm, layer.eps);
        let inner = layer.up.plain(&x).unwrap().gelu_erf().unwrap();
        let output = layer.down.plain(&inner).unwrap();
        x = plain_norm(&(x + output).unwrap(), &layer.output_norm, layer.eps);
    }
    x.matmul(&tagger.head_weight.t().unwrap()).unwrap().broadcast_add(&tagger.head_bias).unwrap()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn fused_gradients_equal_plain_autograd() {
    for targets in [LoraTargets::Qv, LoraTargets::Qkvo, LoraTargets::AllLinear] {
        let (tagger, batch) = (tagger(Family::Bert, targets, 0.0), batch());
        let fused = tagger.logits(&batch, &all_rows(&batch), None).unwrap();
        let plain = plain_logits(&tagger, &batch);
        let values = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(largest_difference(&values(&fused), &values(&plain)) < 1e-5);
        let (fused, plain) = (gradients(&tagger, &scalar(&fused)), gradients(&tagger, &scalar(&plain)));
        for (name, plain) in plain {
            let size = plain.iter().fold(0.0f32, |a, b| a.max(b.abs()));
            let difference = largest_difference(&fused[&name], &plain);
            assert!(difference <= 2e-5 * size.max(1.0), "{targets:?} {name}: {difference} of {size}");
            assert!(size > 1e-3, "{name} has no gradient to compare");
        }
    }
}

/// With dropout there is no plain twin: the derivative is checked by differences, which also proves that the backward
/// replays the masks of the forward.
#[test]
fn gradients_with_dropout_match_differences() {
    let (tagger, batch) = (tagger(Family::Bert, LoraTargets::AllLinear, 0.2), batch());
    let rows = all_rows(&batch);
    let value = || {
        let mut keys = Seeds::root(5).draws();
        scalar(&tagger.logits(&batch, &rows, Some(&mut keys)).unwrap())
    };
    let analytic = gradients(&tagger, &value());
    for (name, var) in tagger.trainable() {
        let start: Vec<f32> = var.flatten_all().unwrap().to_vec1().unwrap();
        let gradient = &analytic[&name];
        let norm = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
        let along = |step: f32| {
            let moved = start.iter().zip(gradient).map(|(v, g)| v + step * g / norm).collect();
            var.set(&Tensor::from_vec(moved, var.shape(), &Device::Cpu).unwrap()).unwrap();
            f64::from(value().to_scalar::<f32>().unwrap())
        };
        let step = 4e-3;
        let difference = (along(step) - along(-step)) / f64::from(2.0 * step);
        along(0.0);
        let error = (difference - f64::from(norm)).abs();
        assert!(error < 0.02 * f64::from(norm) + 2e-2, "{name}: {difference} against {norm}");
    }
}

#[test]
fn a_sequence_does_not_see_its_neighbours() {
    let tagger = tagger(Family::Bert, LoraTargets::Qv, 0.1);
    let (long, short): (Vec<u32>, Vec<u32>) = ((5..36).collect(), vec![2, 9, 3]);
    let of = |sequences: &[&[u32]]| {
        let batch = Packed::new(sequences.iter().copied(), &Device::Cpu).unwrap();
        tagger.hidden(&batch, &mut None).unwrap().to_vec2::<f32>().unwrap()
    };
    let together = of(&[&long, &short]);
    let alone = of(&[&short]);
    for (a, b) in together[long.len()..].iter().zip(&alone) {
        assert!(largest_difference(a, b) < 1e-6);
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (tagger, batch) = (tagger(Family::Bert, LoraTargets::AllLinear, 0.1), batch());
            let mut keys = Seeds::root(5).draws();
            let logits = tagger.logits(&batch, &all_rows(&batch), Some(&mut keys)).unwrap();
            gradients(&tagger, &scalar(&logits))
        })
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn ops_need_the_shapes_they_name() {
    let x = Tensor::zeros((2, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
    let bias = Tensor::zeros(4, candle_core::DType::F32, &Device::Cpu).unwrap();
    assert!(ops::linear(&x, &x.t().unwrap().contiguous().unwrap(), &bias).is_err());
}
