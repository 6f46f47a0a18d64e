//! Loops over f32 that the compiler turns into vector code for the machine at hand.
//!
//! Owns the approximations of exp and erf, and sums in a fixed order. Must not know tensors.

/// Runs `work` compiled for the widest instruction set of this machine; `work` must be small enough to be inlined.
#[inline(always)]
pub(super) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

const LANES: usize = 16;

/// The sum of `term(i)` for i in 0..`count`, in sixteen interleaved partial sums: the order of additions, and so the
/// bits, do not depend on the instruction set.
#[inline(always)]
pub(super) fn sum(count: usize, term: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let whole = count - count % LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += term(start + lane);
        }
    }
    for at in whole..count {
        lanes[at - whole] += term(at);
    }
    lanes.iter().sum()
}

/// e^x for x <= 88 without branches; relative error below 1e-7 * (4 + |x|). Below -87 it stays at e^-87.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// 1.5 * 2^23: adding it rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    const LN2_POWERS: [f32; 6] =
        [std::f32::consts::LN_2, 0.240_226_5, 0.055_504_11, 0.009_618_129, 0.001_333_355_8, 0.000_154_035_3];
    let exponent = x.clamp(-87.0, 88.0) * std::f32::consts::LOG2_E;
    let whole = (exponent + ROUND) - ROUND;
    let rest = exponent - whole;
    let mut power = 0.0;
    for &coefficient in LN2_POWERS.iter().rev() {
        power = (power + coefficient) * rest;
    }
    let two_to_whole = f32::from_bits(((whole as i32 + 127) as u32) << 23);
    two_to_whole * (1.0 + power)
}

/// erf(x) and e^(-x^2): Abramowitz and Stegun 7.1.26, absolute error below 2e-7 (1.5e-7 of it the formula's own).
#[inline(always)]
pub(super) fn erf_and_exp(x: f32) -> (f32, f32) {
    const P: f32 = 0.327_591_1;
    const A: [f32; 5] = [0.254_829_6, -0.284_496_74, 1.421_413_7, -1.453_152_1, 1.061_405_4];
    let gaussian = exp(-x * x);
    let t = 1.0 / (1.0 + P * x.abs());
    let polynomial = A.iter().rev().fold(0.0, |sum, &coefficient| (sum + coefficient) * t);
    ((1.0 - polynomial * gaussian).copysign(x), gaussian)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_and_erf_are_close() {
        for step in -8_000..=8_000 {
            let x = step as f32 * 1e-2;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 1e-7 * f64::from(4.0 + x.abs()) * exact, "{x}");
        }
        // Values of the error function from its series, summed in f64.
        let series = |x: f64| {
            let (mut term, mut total) = (x, x);
            for n in 1..80 {
                term *= -x * x / f64::from(n);
                total += term / f64::from(2 * n + 1);
            }
            total * std::f64::consts::FRAC_2_SQRT_PI
        };
        for step in -300..=300 {
            let x = step as f32 * 1e-2;
            let (erf, gaussian) = erf_and_exp(x);
            assert!((f64::from(erf) - series(f64::from(x))).abs() < 4e-7, "{x} {erf}");
            assert!((f64::from(gaussian) - (-f64::from(x * x)).exp()).abs() < 4e-7);
        }
    }

    #[test]
    fn sum_takes_every_term() {
        for count in [0, 1, 15, 16, 17, 100] {
            let total = vectorised(|| sum(count, |at| at as f32));
            assert_eq!(total, (0..count).sum::<usize>() as f32);
        }
    }
}
