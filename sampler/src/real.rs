//! Exponentials, logarithms and the like with the same bits on every machine, so that a replay gives the same result
//! everywhere. The standard library takes them from the platform, where they differ by library, version and processor.
//!
//! All are `libm`'s, which adds and multiplies in a fixed order, except [`decay`], where most of a suggestion's time goes.
//! Sums and roots need no care: IEEE 754 rounds them alike everywhere.

pub(crate) use libm::{cos, erfc, exp, expm1 as exp_m1, log as ln, log1p as ln_1p, pow};

/// Runs `work` compiled for the widest instruction set of this machine; `work` must be small enough to be inlined. The
/// result does not depend on the instruction set: additions and multiplications stay separate, and every sum has its order.
#[inline(always)]
pub(crate) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// Below this, eˣ counts as 0.
const VANISHED: f64 = -700.0;
/// 1.5 · 2⁵²: adding it rounds a number to a whole one, which then stands in the lowest bits.
const ROUNDING: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts. Products of the first part with whole numbers are exact.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// 1/k! for k = 12, 11 .. 2.
const TAYLOR: [f64; 11] = [
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
];

/// eˣ for `x <= 0`, to within 3 units in the last place. It has no branch, so loops over it are vectorised.
///
/// x = k ln 2 + r with |r| <= ln 2 / 2; the series of eʳ, whose next term is below 2e-16, times 2ᵏ.
#[inline(always)]
pub(crate) fn decay(x: f64) -> f64 {
    let bounded = if x < VANISHED { VANISHED } else { x };
    let rounded = bounded * std::f64::consts::LOG2_E + ROUNDING;
    let k = rounded - ROUNDING;
    let r = bounded - k * LN_2_HIGH - k * LN_2_LOW;
    let series = TAYLOR.iter().fold(0.0, |sum, term| sum * r + term);
    // A double stores its exponent plus 1023, above 52 bits of fraction.
    let power = f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52);
    let value = (1.0 + r + series * (r * r)) * power;
    if x < VANISHED { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decays_are_exponentials() {
        for i in 0..200_000 {
            let x = -f64::from(i) * 3.4e-3;
            let (have, want) = (decay(x), exp(x));
            assert!((have - want).abs() <= 6e-16 * want, "{x}: {have:e}, not {want:e}");
        }
        assert_eq!(decay(0.0), 1.0);
        assert_eq!([decay(-701.0), decay(f64::NEG_INFINITY)], [0.0; 2]);
        assert!(decay(f64::NAN).is_nan());
    }

    #[test]
    fn wider_instructions_give_the_same_bits() {
        let xs: Vec<f64> = (0..1000).map(|i| -f64::from(i) * 0.037).collect();
        let decays = || xs.iter().map(|x| (decay(*x) * 0.3 + x).to_bits()).collect::<Vec<_>>();
        assert_eq!(vectorised(decays), decays());
    }

    /// Recorded studies depend on these bits.
    #[test]
    fn the_bits_are_frozen() {
        let bits = |values: &[f64]| {
            values.iter().map(|value| format!("{:016x}", value.to_bits())).collect::<Vec<_>>()
        };
        let x = 0.73_f64;
        let ours = [decay(-x), exp(x), ln(x), exp_m1(x), ln_1p(x), erfc(x), cos(x)];
        let frozen = [
            "3fded798ce057ddf",
            "400099c3dc94317c",
            "bfd42438893252f5",
            "3ff13387b92862f9",
            "3fe18a35e8792b89",
            "3fd35243d6fd9bf2",
            "3fe7d877fcfc66ed",
        ];
        assert_eq!(bits(&ours), frozen);
    }
}
