//! The fused operations against candle's own autograd, and what dropout and packing must not change.

use std::collections::BTreeMap;

use candle_core::{D, Device, Tensor, Var};
use tempfile::TempDir;

use super::layer::Layer;
use super::operand::Affine;
use super::ops;
use super::relative::RelativePositions;
use super::{Compute, LoraShape, MaskedLm, Packed, Tagger};
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
    tagger_on(family, targets, dropout, &Compute::cpu())
}

pub(super) fn tagger_on(family: Family, targets: LoraTargets, dropout: f64, compute: &Compute) -> Tagger {
    let dir = folder(family);
    let config = EncoderConfig::read(dir.path()).unwrap();
    let weights = Weights::open(dir.path(), family).unwrap();
    let lora = LoraShape { rank: 4, alpha: 8.0, dropout, targets };
    let seeds = Seeds::root(9);
    let tagger = Tagger::new(&config, &weights, 5, Some(lora), &seeds, compute).unwrap();
    // B starts at zero, which would hide the gradient of A.
    for (name, var) in tagger.trainable() {
        let values = seeds.child(&name).draws().normal(var.elem_count(), 0.1);
        var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap()).unwrap();
    }
    tagger
}

fn batch() -> Packed {
    batch_on(&Compute::cpu())
}

pub(super) fn batch_on(compute: &Compute) -> Packed {
    let sequences: [Vec<u32>; 3] = [(2..20).collect(), vec![2, 9, 3], (5..36).collect()];
    Packed::new(sequences.iter().map(Vec::as_slice), compute).unwrap()
}

/// All pieces that are no padding: the sequences have 18, 3 and 31.
pub(super) fn all_rows(batch: &Packed) -> Tensor {
    let starts = batch.starts().iter().map(|start| *start as u32);
    let rows: Vec<u32> = starts.zip([18, 3, 31]).flat_map(|(start, length)| start..start + length).collect();
    Tensor::from_vec(rows, batch.pieces(), &Device::Cpu).unwrap()
}

/// A scalar that depends on every logit in its own way.
pub(super) fn scalar(logits: &Tensor) -> Tensor {
    let weights = Seeds::root(4).draws().normal(logits.elem_count(), 1.0);
    let weights = Tensor::from_vec(weights, logits.shape(), logits.device()).unwrap();
    (logits * weights).unwrap().sum_all().unwrap()
}

pub(super) fn gradients(tagger: &Tagger, scalar: &Tensor) -> BTreeMap<String, Vec<f32>> {
    let gradients = scalar.backward().unwrap();
    let of = |var: &Var| gradients.get(var).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    tagger.trainable().iter().map(|(name, var)| (name.clone(), of(var))).collect()
}

fn plain_norm(x: &Tensor, layer: &Affine, eps: f64) -> Tensor {
    candle_nn::ops::layer_norm_slow(x, &layer.weight, &layer.bias, eps as f32).unwrap()
}

/// Attention by candle's own operations; with `rows`, the disentangled scores of DeBERTa by index tensors.
fn plain_attention(
    layer: &Layer,
    x: &Tensor,
    offsets: &[usize],
    positions: Option<&RelativePositions>,
) -> Tensor {
    let width = x.dim(1).unwrap();
    let depth = width / layer.heads;
    let split = |t: &Tensor, start: usize, length: usize| {
        let t = t.narrow(0, start, length).unwrap().reshape((length, layer.heads, depth)).unwrap();
        t.transpose(0, 1).unwrap().contiguous().unwrap()
    };
    let embeddings = positions.map(|positions| &positions.embeddings);
    let [q, k, v] = [&layer.query, &layer.key, &layer.value].map(|p| p.plain(x).unwrap());
    let parts: Vec<Tensor> = offsets
        .windows(2)
        .map(|bound| {
            let length = bound[1] - bound[0];
            let [q, k, v] = [&q, &k, &v].map(|t| split(t, bound[0], length));
            let mut scores = q.matmul(&k.t().unwrap()).unwrap();
            let mut terms = 1.0;
            if let (Some(positions), Some(embeddings)) = (positions, embeddings) {
                let count = embeddings.dim(0).unwrap();
                let [query, key] =
                    [&layer.query, &layer.key].map(|p| split(&p.plain(embeddings).unwrap(), 0, count));
                let looked_up = |by_row: Tensor, distance: &dyn Fn(i64, i64) -> i64| {
                    let middle = (positions.rows.by_distance.len() / 2) as i64;
                    let index = |at: i64| {
                        let distance = distance(at / length as i64, at % length as i64);
                        positions.rows.by_distance[(middle + distance) as usize] as u32
                    };
                    let index: Vec<u32> = (0..(length * length) as i64).map(index).collect();
                    let index = Tensor::from_vec(index, (1, length, length), &Device::Cpu).unwrap();
                    let index =
                        index.broadcast_as((layer.heads, length, length)).unwrap().contiguous().unwrap();
                    by_row.gather(&index, 2).unwrap()
                };
                let content = looked_up(q.matmul(&key.t().unwrap()).unwrap(), &|i, j| i - j);
                let position = looked_up(k.matmul(&query.t().unwrap()).unwrap(), &|j, i| i - j);
                scores = (scores + content).unwrap().add(&position.transpose(1, 2).unwrap()).unwrap();
                terms = 3.0;
            }
            let scores = (scores / (depth as f64 * terms).sqrt()).unwrap();
            let context = candle_nn::ops::softmax(&scores, D::Minus1).unwrap().matmul(&v).unwrap();
            context.transpose(0, 1).unwrap().reshape((length, width)).unwrap()
        })
        .collect();
    Tensor::cat(&parts, 0).unwrap()
}

fn plain_logits(tagger: &Tagger, batch: &Packed) -> Tensor {
    let mut x = tagger.encoder.embeddings.forward(batch, &mut None).unwrap();
    let positions = tagger.encoder.relative.as_ref().map(|relative| relative.of(batch).unwrap());
    for layer in &tagger.encoder.layers {
        let context = plain_attention(layer, &x, &batch.sequences.offsets, positions.as_ref());
        let context = layer.attention_output.plain(&context).unwrap();
        x = plain_norm(&(x + context).unwrap(), &layer.attention_norm, layer.eps);
        let inner = layer.up.plain(&x).unwrap().gelu_erf().unwrap();
        let output = layer.down.plain(&inner).unwrap();
        x = plain_norm(&(x + output).unwrap(), &layer.output_norm, layer.eps);
    }
    x.matmul(&tagger.head_weight.t().unwrap()).unwrap().broadcast_add(&tagger.head_bias).unwrap()
}

pub(super) fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn fused_gradients_equal_plain_autograd() {
    for family in Family::ALL {
        for targets in [LoraTargets::Qv, LoraTargets::Qkvo, LoraTargets::AllLinear, LoraTargets::None] {
            compare_with_plain(family, targets);
        }
    }
}

fn compare_with_plain(family: Family, targets: LoraTargets) {
    let (tagger, batch) = (tagger(family, targets, 0.0), batch());
    let fused = tagger.logits(&batch, &all_rows(&batch), None).unwrap();
    let plain = plain_logits(&tagger, &batch);
    let values = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert!(largest_difference(&values(&fused), &values(&plain)) < 1e-5);
    let (fused, plain) = (gradients(&tagger, &scalar(&fused)), gradients(&tagger, &scalar(&plain)));
    for (name, plain) in plain {
        let size = plain.iter().fold(0.0f32, |a, b| a.max(b.abs()));
        let difference = largest_difference(&fused[&name], &plain);
        assert!(difference <= 2e-5 * size.max(1.0), "{family:?} {targets:?} {name}: {difference} of {size}");
        assert!(size > 1e-3, "{name} has no gradient to compare");
    }
}

/// A rank-16 branch on query and value of 24 layers of 1024: 24 * 2 * 16 * (1024 + 1024).
#[test]
fn trainable_values_are_counted_exactly() {
    let dir = tempfile::tempdir().unwrap();
    let words = vec!["a".to_owned()];
    let (hidden, layers, heads, intermediate, max_positions) = (1024, 1, 16, 16, 8);
    let family = Family::Bert;
    let spec = RandomEncoder { family, hidden, layers, heads, intermediate, max_positions, seed: 3, words };
    write_random(dir.path(), &spec).unwrap();
    let config = EncoderConfig::read(dir.path()).unwrap();
    let weights = Weights::open(dir.path(), family).unwrap();
    let targets = LoraTargets::Qv;
    let lora = LoraShape { rank: 16, alpha: 32.0, dropout: 0.0, targets };
    let model = MaskedLm::new(&config, &weights, Some(lora), &Seeds::root(1), &Compute::cpu()).unwrap();
    assert_eq!(24 * model.trainable_parameters(), 1_572_864);
    let tagger = Tagger::new(&config, &weights, 5, Some(lora), &Seeds::root(1), &Compute::cpu()).unwrap();
    assert_eq!(24 * (tagger.trainable_parameters() - 5 * 1024 - 5), 1_572_864);
}

/// Without branches the backward ends at the head, with gradient checkpointing too.
#[test]
fn without_targets_only_the_head_is_trained() {
    for family in Family::ALL {
        let plain = Compute::cpu();
        let recomputing = Compute { recompute: true, ..Compute::cpu() };
        let of = |compute: &Compute| {
            let (tagger, batch) = (tagger_on(family, LoraTargets::None, 0.1, compute), batch_on(compute));
            assert_eq!(tagger.trainable_parameters(), 5 * 24 + 5, "a weight and a bias for each of 5 tags");
            let mut keys = Seeds::root(5).draws();
            let loss = |logits: &Tensor| Ok(scalar(logits));
            let (_, stores) = tagger.gradients(&batch, &all_rows(&batch), &mut keys, &loss).unwrap();
            crate::optim::Gradients::collect(stores, &tagger.trainable(), 1.0).unwrap()
        };
        let (plain, recomputed) = (of(&plain), of(&recomputing));
        for name in [crate::model::peft::CLASSIFIER_WEIGHT, crate::model::peft::CLASSIFIER_BIAS] {
            assert!(plain.get(name).unwrap().iter().all(|value| *value != 0.0), "{family:?} {name}");
            assert_eq!(plain.get(name), recomputed.get(name), "{family:?} {name}");
        }
    }
}

/// A new head is trained on the encoder as it is, which gets no gradient.
#[test]
fn a_new_lm_head_is_trained_alone() {
    for family in [Family::Electra, Family::DebertaV2] {
        let dir = folder(family);
        let config = EncoderConfig::read(dir.path()).unwrap();
        let weights = Weights::open(dir.path(), family).unwrap();
        let targets = LoraTargets::Qv;
        let lora = LoraShape { rank: 2, alpha: 4.0, dropout: 0.0, targets };
        let model = MaskedLm::new(&config, &weights, Some(lora), &Seeds::root(1), &Compute::cpu()).unwrap();
        let batch = batch();
        let logits = model.logits_for_head(&batch, &all_rows(&batch), None).unwrap();
        assert_eq!(logits.dims(), [batch.pieces(), config.vocab_size]);
        let gradients = scalar(&logits).backward().unwrap();
        assert_eq!(model.fresh_head().len(), 5);
        assert!(model.fresh_head().values().all(|var| gradients.get(var).is_some()));
        assert!(model.trainable().values().all(|var| gradients.get(var).is_none()));
    }
}

/// With dropout there is nothing plain to compare with. The derivative is checked by differences, which also proves that
/// the backward replays the masks of the forward.
#[test]
fn gradients_with_dropout_match_differences() {
    for family in Family::ALL {
        differences(family, &Compute::cpu());
    }
}

pub(super) fn differences(family: Family, compute: &Compute) {
    let tagger = tagger_on(family, LoraTargets::AllLinear, 0.2, compute);
    let batch = batch_on(compute);
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
        assert!(error < 0.02 * f64::from(norm) + 2e-2, "{family:?} {name}: {difference} against {norm}");
    }
}

#[test]
fn a_sequence_does_not_see_its_neighbours() {
    for family in Family::ALL {
        neighbours(family);
    }
}

fn neighbours(family: Family) {
    let tagger = tagger(family, LoraTargets::Qv, 0.1);
    let (long, short): (Vec<u32>, Vec<u32>) = ((5..36).collect(), vec![2, 9, 3]);
    let of = |sequences: &[&[u32]]| {
        let batch = Packed::new(sequences.iter().copied(), &Compute::cpu()).unwrap();
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
    let run = |family, threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (tagger, batch) = (tagger(family, LoraTargets::AllLinear, 0.1), batch());
            let mut keys = Seeds::root(5).draws();
            let logits = tagger.logits(&batch, &all_rows(&batch), Some(&mut keys)).unwrap();
            gradients(&tagger, &scalar(&logits))
        })
    };
    for family in Family::ALL {
        assert_eq!(run(family, 1), run(family, 2));
    }
}

#[test]
fn ops_need_the_shapes_they_name() {
    let x = Tensor::zeros((2, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
    let bias = Tensor::zeros(4, candle_core::DType::F32, &Device::Cpu).unwrap();
    let layer = Affine { weight: x.t().unwrap().contiguous().unwrap(), bias };
    assert!(ops::linear(&x, &layer).is_err());
}
