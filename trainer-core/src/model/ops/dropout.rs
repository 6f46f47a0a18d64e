//! Dropout whose mask is a pure function of a key: nothing is stored for the backward, and nothing depends on threads.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::vector::vectorised;
use super::{composed, is_fused, values, with_values};

/// A replayable mask: which elements are kept, and what they are scaled by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mask {
    key: (u32, u32),
    threshold: u32,
    scale: f32,
}

impl Mask {
    /// Drops a share of `probability` (0 <= p < 1) and scales the rest by 1 / (1 - p). `None` for p = 0.
    pub(crate) fn new(probability: f64, key: u64) -> Option<Self> {
        (probability > 0.0).then(|| Self {
            key: (key as u32, (key >> 32) as u32),
            threshold: (probability * 4_294_967_296.0) as u32,
            scale: (1.0 / (1.0 - probability)) as f32,
        })
    }

    /// Share of elements that are dropped.
    pub(super) fn probability(self) -> f64 {
        f64::from(self.threshold) / 4_294_967_296.0
    }

    /// What kept elements are multiplied by.
    pub(super) fn scale(self) -> f64 {
        f64::from(self.scale)
    }

    /// The mask of part number `index` of a larger whole.
    pub(super) fn part(self, index: u32) -> Self {
        Self { key: (mix(self.key.0 ^ mix(index)), self.key.1.wrapping_add(index)), ..self }
    }

    /// What element `index` is multiplied by.
    #[inline(always)]
    pub(super) fn factor(self, index: u32) -> f32 {
        let bits = mix(mix(index ^ self.key.0) ^ self.key.1);
        if bits < self.threshold { 0.0 } else { self.scale }
    }

    /// `input` masked, as a new vector.
    pub(super) fn masked(self, input: &[f32]) -> Vec<f32> {
        const CHUNK: usize = 1 << 14;
        let mut out = vec![0.0; input.len()];
        out.par_chunks_mut(CHUNK).zip(input.par_chunks(CHUNK)).enumerate().for_each(
            |(chunk, (out, input))| {
                let first = (chunk * CHUNK) as u32;
                vectorised(|| {
                    for (at, (out, input)) in out.iter_mut().zip(input).enumerate() {
                        *out = input * self.factor(first.wrapping_add(at as u32));
                    }
                });
            },
        );
        out
    }

    /// `input` masked, without a place in the graph.
    pub(super) fn apply(self, input: &Tensor) -> Result<Tensor> {
        with_values([&input.contiguous()?], |[values]| {
            Tensor::from_vec(self.masked(values), input.shape(), input.device())
        })
    }
}

/// A 32-bit mixer (two rounds of multiply and xor-shift): every input bit changes about half of the output bits.
#[inline(always)]
fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb_352d);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// `x` with dropout; `None` returns it unchanged.
pub(crate) fn dropout(x: &Tensor, mask: Option<Mask>) -> Result<Tensor> {
    match mask {
        Some(mask) if is_fused(x) => x.contiguous()?.apply_op1(Dropout(mask)),
        Some(mask) => composed::dropout(x, mask),
        None => Ok(x.clone()),
    }
}

struct Dropout(Mask);

impl CustomOp1 for Dropout {
    fn name(&self) -> &'static str {
        "replayable-dropout"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(self.0.masked(values(storage, layout)?)), layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        self.0.apply(gradient).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_asked_share_and_the_mean() {
        for probability in [0.05, 0.1, 0.5] {
            let mask = Mask::new(probability, 0x1234_5678_9abc_def0).unwrap();
            let masked = mask.masked(&vec![1.0; 200_000]);
            let dropped = masked.iter().filter(|v| **v == 0.0).count() as f64 / 200_000.0;
            assert!((dropped - probability).abs() < 0.005, "{probability} {dropped}");
            let mean = masked.iter().map(|v| f64::from(*v)).sum::<f64>() / 200_000.0;
            assert!((mean - 1.0).abs() < 0.01, "{mean}");
        }
        assert!(Mask::new(0.0, 1).is_none());
    }

    #[test]
    fn keys_and_parts_give_other_masks_and_neighbours_are_independent() {
        let ones = vec![1.0; 10_000];
        let of = |mask: Mask| mask.masked(&ones);
        let mask = Mask::new(0.5, 7).unwrap();
        assert_eq!(of(mask), of(Mask::new(0.5, 7).unwrap()));
        let agree = |a: &[f32], b: &[f32]| a.iter().zip(b).filter(|(a, b)| a == b).count();
        for other in [Mask::new(0.5, 8).unwrap(), mask.part(0), mask.part(1), mask.part(2)] {
            let same = agree(&of(mask), &of(other));
            assert!((4_700..5_300).contains(&same), "{same}");
        }
        let bits = of(mask);
        let same = agree(&bits[1..], &bits[..9_999]);
        assert!((4_700..5_300).contains(&same), "{same}");
    }
}
