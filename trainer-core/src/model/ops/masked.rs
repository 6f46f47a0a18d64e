//! Values under a mask of dropout.

use candle_core::{Result, Tensor};
use rayon::prelude::*;

use super::cpu::with_values;
use super::vector::vectorised;
use crate::model::operand::Mask;

/// `input` masked, as a new vector.
pub(super) fn masked(mask: Mask, input: &[f32]) -> Vec<f32> {
    const CHUNK: usize = 1 << 14;
    let mut out = vec![0.0; input.len()];
    out.par_chunks_mut(CHUNK).zip(input.par_chunks(CHUNK)).enumerate().for_each(|(chunk, (out, input))| {
        let first = (chunk * CHUNK) as u32;
        vectorised(|| {
            for (at, (out, input)) in out.iter_mut().zip(input).enumerate() {
                *out = input * mask.factor(first.wrapping_add(at as u32));
            }
        });
    });
    out
}

/// `input` masked, without a place in the graph.
pub(super) fn apply(mask: Mask, input: &Tensor) -> Result<Tensor> {
    with_values([&input.contiguous()?], |[values]| {
        Tensor::from_vec(masked(mask, values), input.shape(), input.device())
    })
}
