//! The composed operations against the fused ones, on the CPU in f64 and f16, and layers that are computed again.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};

use super::tests::{all_rows, batch_on, differences, gradients, largest_difference, scalar, tagger_on};
use super::{Compute, Tagger};
use crate::LoraTargets;
use crate::backbone::Family;
use crate::optim::Gradients;
use crate::rng::Seeds;

fn composed(dtype: DType) -> Compute {
    Compute { device: Device::Cpu, dtype, recompute: false }
}

/// Logits without dropout, and the gradients of a scalar of them.
fn computed(family: Family, compute: &Compute) -> (Vec<f32>, BTreeMap<String, Vec<f32>>) {
    let tagger = tagger_on(family, LoraTargets::AllLinear, 0.0, compute);
    let batch = batch_on(compute);
    let logits = tagger.logits(&batch, &all_rows(&batch), None).unwrap();
    (logits.flatten_all().unwrap().to_vec1().unwrap(), gradients(&tagger, &scalar(&logits)))
}

#[test]
fn composed_operations_equal_the_fused_ones() {
    for family in Family::ALL {
        let (fused, composed) = (computed(family, &Compute::cpu()), computed(family, &composed(DType::F64)));
        assert!(largest_difference(&fused.0, &composed.0) < 2e-5, "{family:?}");
        for (name, expected) in &fused.1 {
            let difference = largest_difference(expected, &composed.1[name]);
            let size = expected.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
            assert!(difference <= 2e-5 * size.max(1.0), "{family:?} {name}: {difference} of {size}");
        }
    }
}

#[test]
fn composed_gradients_with_dropout_match_differences() {
    for family in Family::ALL {
        differences(family, &composed(DType::F64));
    }
}

/// A training step's gradients, with every dropout.
fn step(tagger: &Tagger, compute: &Compute, factor: f64) -> Gradients {
    let batch = batch_on(compute);
    let mut keys = Seeds::root(5).draws();
    let loss = |logits: &Tensor| scalar(logits) * factor;
    let (_, stores) = tagger.gradients(&batch, &all_rows(&batch), &mut keys, &loss).unwrap();
    Gradients::collect(stores, &tagger.trainable(), (1.0 / factor) as f32).unwrap()
}

#[test]
fn layers_computed_again_give_the_same_bits() {
    for (family, dtype) in
        Family::ALL.into_iter().flat_map(|family| [(family, DType::F32), (family, DType::F64)])
    {
        let kept = composed(dtype);
        let again = Compute { recompute: true, ..kept.clone() };
        let tagger = |compute| tagger_on(family, LoraTargets::AllLinear, 0.2, compute);
        let (expected, found) = (step(&tagger(&kept), &kept, 1.0), step(&tagger(&again), &again, 1.0));
        for name in tagger(&kept).trainable().keys() {
            assert!(expected.get(name).is_some(), "{family:?} {name}");
            assert_eq!(expected.get(name), found.get(name), "{family:?} {dtype:?} {name}");
        }
    }
}

/// f16 has 11 bits where f32 has 24.
#[test]
fn a_scaled_loss_in_f16_gives_the_gradients_of_f64() {
    for family in Family::ALL {
        let of = |dtype, factor| {
            let compute = composed(dtype);
            let tagger = tagger_on(family, LoraTargets::Qv, 0.0, &compute);
            (step(&tagger, &compute, factor), tagger.trainable())
        };
        let ((wide, trainable), (narrow, _)) = (of(DType::F64, 1.0), of(DType::F16, 64.0));
        for name in trainable.keys() {
            let (wide, narrow) = (wide.get(name).unwrap(), narrow.get(name).unwrap());
            let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>().sqrt();
            let size = norm(&mut wide.iter().copied());
            let apart = norm(&mut wide.iter().zip(narrow).map(|(a, b)| a - b));
            assert!(apart < 0.02 * size, "{family:?} {name}: {apart} of {size}");
        }
    }
}
