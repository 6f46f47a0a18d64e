//! The standard normal distribution cut to an interval `[a, b]`: masses, densities and quantiles that stay accurate far
//! out in the tails and on intervals of any width.
//!
//! Pure numerics on standardised bounds; knows no dimension and no trial.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::real::{erfc, exp, exp_m1, ln, ln_1p};

/// ln √(2π)
pub(crate) const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;
/// Below this, ln Φ is computed by its asymptotic series.
const SERIES_BELOW: f64 = -20.0;
/// On narrower intervals, differences of Φ lose precision; the density is taken as a parabola instead.
const PARABOLIC: f64 = 1e-2;
/// Beyond this, the mass of a tail vanishes beside 1.
const NO_TAIL: f64 = 8.3;
/// On narrower intervals, the density is taken as a line.
const LINEAR: f64 = 1e-5;

/// ln Φ(x), the mass left of `x`.
pub(crate) fn log_cdf(x: f64) -> f64 {
    if x < SERIES_BELOW {
        log_cdf_series(x)
    } else if x < 0.0 {
        ln(0.5 * erfc(-x * FRAC_1_SQRT_2))
    } else {
        ln_1p(-0.5 * erfc(x * FRAC_1_SQRT_2))
    }
}

/// ln Φ(x) = -x²/2 - ln(-x) - ln √(2π) + ln(1 - 1/x² + 3/x⁴ - 15/x⁶ ...)
fn log_cdf_series(x: f64) -> f64 {
    let inverse_square = 1.0 / (x * x);
    let (mut sum, mut term, mut odd) = (1.0, 1.0_f64, 1.0);
    while term.abs() > f64::EPSILON {
        term *= -odd * inverse_square;
        sum += term;
        odd += 2.0;
    }
    log_density(x) - ln(-x) + ln(sum)
}

/// ln φ(x)
pub(crate) fn log_density(x: f64) -> f64 {
    -0.5 * x * x - LN_SQRT_2PI
}

/// ln(Φ(b) - Φ(a)); -∞ unless `a < b`.
pub(crate) fn log_mass(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() || a >= b {
        f64::NEG_INFINITY
    } else if is_narrower(a, b, PARABOLIC) {
        log_mass_narrow(a, b)
    } else if b <= 0.0 {
        log_difference(log_cdf(b), log_cdf(a))
    } else if a >= 0.0 {
        log_difference(log_cdf(-a), log_cdf(-b))
    } else {
        ln_1p(-exp(log_cdf(a)) - exp(log_cdf(-b)))
    }
}

/// Whether the interval is narrower than `limit`, also after scaling by the steepness of the density, which grows with the
/// distance from 0.
fn is_narrower(a: f64, b: f64, limit: f64) -> bool {
    let width = b - a;
    width < limit && width * (0.5 * (a + b)).abs() < limit
}

/// The mid-point rule with its first correction; on a narrow interval the next one is below 1e-11 of the mass.
fn log_mass_narrow(a: f64, b: f64) -> f64 {
    let (middle, width) = (a + 0.5 * (b - a), b - a);
    log_density(middle) + ln(width) + ln_1p((middle * middle - 1.0) * width * width / 24.0)
}

/// The mass of an interval around the middle: `a <= 0 <= b`, and at least 1 wide.
pub(crate) fn mass_around_middle(a: f64, b: f64) -> f64 {
    let tail = |x: f64| if x < NO_TAIL { 0.5 * erfc(x * FRAC_1_SQRT_2) } else { 0.0 };
    1.0 - tail(-a) - tail(b)
}

/// The point of `[a, b]` with the share `q` of the interval's mass to its left.
pub(crate) fn quantile(q: f64, a: f64, b: f64) -> f64 {
    Cut::new(a, b).quantile(q)
}

/// An interval, with what all of its quantiles have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    a: f64,
    b: f64,
    /// ln Φ(a); where the interval lies right of the middle, ln Φ(-b).
    log_outside: f64,
    log_mass: f64,
}

impl Cut {
    pub(crate) fn new(a: f64, b: f64) -> Self {
        Self { a, b, log_outside: log_cdf(if a >= 0.0 { -b } else { a }), log_mass: log_mass(a, b) }
    }

    /// The point with the share `q` of the mass to its left.
    pub(crate) fn quantile(&self, q: f64) -> f64 {
        let Self { a, b, log_outside, log_mass } = *self;
        let point = if is_narrower(a, b, LINEAR) {
            quantile_narrow(q, a, b)
        } else if a >= 0.0 {
            -inverse_log_cdf(log_sum(log_outside, ln_1p(-q) + log_mass))
        } else {
            inverse_log_cdf(log_sum(log_outside, ln(q) + log_mass))
        };
        point.clamp(a, b)
    }
}

/// On a narrow interval the density is a line: 1 - m·t at distance `t` from the middle `m`.
fn quantile_narrow(q: f64, a: f64, b: f64) -> f64 {
    let width = b - a;
    let bend = 0.5 * (a + 0.5 * width) * width;
    a + width * q * (1.0 - bend * (1.0 - q))
}

/// The `x` with ln Φ(x) = `y`, for `y <= 0`, by Newton's method.
fn inverse_log_cdf(y: f64) -> f64 {
    if y == f64::NEG_INFINITY || y >= 0.0 {
        return if y >= 0.0 { f64::INFINITY } else { y };
    }
    // Far right, ln Φ is flat; its mirror image is steep.
    if y > -1e-2 {
        return -inverse_log_cdf(ln(-exp_m1(y)));
    }
    let mut x =
        if y < -5.0 { -(-2.0 * (y + LN_SQRT_2PI)).sqrt() } else { -3.0_f64.sqrt() / PI * ln(exp_m1(-y)) };
    for _ in 0..100 {
        let log = log_cdf(x);
        let step = (log - y) * exp(log - log_density(x));
        x -= step;
        if step.abs() <= 1e-8 * x.abs() || step == 0.0 {
            break;
        }
    }
    x
}

/// ln(eˣ + eʸ)
fn log_sum(x: f64, y: f64) -> f64 {
    let (low, high) = if x < y { (x, y) } else { (y, x) };
    if high == f64::NEG_INFINITY { high } else { high + ln_1p(exp(low - high)) }
}

/// ln(eˣ - eʸ) for `x >= y`.
fn log_difference(x: f64, y: f64) -> f64 {
    x + ln(-exp_m1(y - x))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(what: &str, case: &[f64; 6], have: f64, want: f64) {
        let tolerance = 1e-10 * want.abs().max(1.0);
        assert!((have - want).abs() <= tolerance, "{what} of {case:?}: {have:e}, not {want:e}");
    }

    /// Rows of a, b, q, x, ln mass, ln density; `vectors/truncnorm.py` says where they are from.
    fn vectors() -> Vec<[f64; 6]> {
        serde_json::from_str(include_str!("../../vectors/truncnorm.json")).unwrap()
    }

    #[test]
    fn masses_and_densities_agree_with_the_recorded_ones() {
        for case in &vectors() {
            let [a, b, _, x, mass, density] = *case;
            assert_close("mass", case, log_mass(a, b), mass);
            assert_close("density", case, log_density(x) - log_mass(a, b), density);
        }
    }

    #[test]
    fn quantiles_agree_with_the_recorded_ones() {
        for case in &vectors() {
            let [a, b, q, x, ..] = *case;
            assert_close("quantile", case, quantile(q, a, b), x);
        }
    }

    #[test]
    fn a_quantile_never_leaves_its_interval() {
        for [a, b, ..] in vectors() {
            for q in [0.0, 1e-300, 0.5, 1.0 - f64::EPSILON, 1.0] {
                let x = quantile(q, a, b);
                assert!(a <= x && x <= b, "{q} of {a} .. {b}: {x}");
            }
        }
    }

    #[test]
    fn masses_around_the_middle_are_the_same_by_either_formula() {
        for (a, b) in [(-0.0, 1.0), (-0.5, 0.5), (-1.0, 0.0), (-8.0, 8.6), (-8.31, 0.1), (-0.3, 16.0)] {
            assert!((ln(mass_around_middle(a, b)) - log_mass(a, b)).abs() < 1e-15, "{a} .. {b}");
        }
    }

    #[test]
    fn an_empty_interval_has_no_mass() {
        assert_eq!(log_mass(1.0, 1.0), f64::NEG_INFINITY);
        assert_eq!(log_mass(2.0, 1.0), f64::NEG_INFINITY);
    }
}
