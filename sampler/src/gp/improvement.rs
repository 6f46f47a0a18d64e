//! The logarithm of expected improvement, exact however small the improvement is.
//!
//! Ament et al. 2023, "Unexpected improvements to expected improvement for Bayesian optimization": plain EI underflows
//! to zero far from the incumbent, and an optimiser then has nothing to climb. Pure numerics.

use std::f64::consts::FRAC_1_SQRT_2;

use crate::real::{erfc, exp, ln};

/// ln √(2π)
const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;
/// Below this the sum φ(z) + z Φ(z) cancels; a continued fraction takes over.
const FRACTION_BELOW: f64 = -2.0;
/// Terms of the continued fraction; at its nearest, z = -2, they leave an error below 1e-12.
const TERMS: usize = 80;

/// ln E[max(best - Y, 0)] for Y normal with that mean and deviation: lower values are better.
pub(super) fn log_expected_improvement(mean: f64, deviation: f64, best: f64) -> f64 {
    let z = (best - mean) / deviation;
    ln(deviation) + log_h(z)
}

/// ln(φ(z) + z Φ(z)).
///
/// In the tail, with t = -z and Mills' ratio 1/(t + a): φ(z)(1 - t/(t + a)) = φ(z) a/(t + a), where
/// a = 1/(t + 2/(t + 3/(t + ...))) (Abramowitz & Stegun 26.2.14).
fn log_h(z: f64) -> f64 {
    let log_density = -0.5 * z * z - LN_SQRT_2PI;
    if z > FRACTION_BELOW {
        return ln(exp(log_density) + z * 0.5 * erfc(-z * FRAC_1_SQRT_2));
    }
    let t = -z;
    let a = (1..=TERMS).rev().fold(0.0, |tail, k| k as f64 / (t + tail));
    log_density + ln(a / (t + a))
}
