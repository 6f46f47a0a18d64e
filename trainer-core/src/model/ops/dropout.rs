//! Dropout whose mask is a pure function of a key. Nothing is stored for the backward, and nothing depends on threads.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use super::composed;
use super::cpu::{is_fused, values};
use super::masked::{apply, masked};
use crate::model::operand::Mask;

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
        Ok((CpuStorage::F32(masked(self.0, values(storage, layout)?)), layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        apply(self.0, gradient).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_asked_share_and_the_mean() {
        for probability in [0.05, 0.1, 0.5] {
            let mask = Mask::new(probability, 0x1234_5678_9abc_def0).unwrap();
            let dropped_out = masked(mask, &vec![1.0; 200_000]);
            let dropped = dropped_out.iter().filter(|v| **v == 0.0).count() as f64 / 200_000.0;
            assert!((dropped - probability).abs() < 0.005, "{probability} {dropped}");
            let mean = dropped_out.iter().map(|v| f64::from(*v)).sum::<f64>() / 200_000.0;
            assert!((mean - 1.0).abs() < 0.01, "{mean}");
        }
        assert!(Mask::new(0.0, 1).is_none());
    }

    #[test]
    fn keys_and_parts_give_other_masks_and_neighbours_are_independent() {
        let ones = vec![1.0; 10_000];
        let of = |mask: Mask| masked(mask, &ones);
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
