//! Whether one system is better than another, judged by what each got right in each unit of the same text.
//!
//! Owns the tests: approximate randomisation (Noreen 1989, section 2; for F1: Yeh 2000), the paired percentile bootstrap
//! (Efron and Tibshirani 1993, chapter 13) and Holm's step-down correction (Holm 1979). Pure and seeded. `pairs` makes the
//! units: documents where they are known, else sentences. Must not know models or files.

mod pairs;

pub use pedigree_protocol::predictions::Counts;
use rand::{Rng, RngExt};

pub use self::pairs::{NotPaired, Paired, PairedUnit, Unit, pair};
use crate::seed::significance_generator;

/// Result of [`approximate_randomisation`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Randomisation {
    /// F1 of b minus F1 of a, over all units.
    pub difference: f64,
    /// Rounds with a difference at least as large, in either direction.
    pub at_least: u32,
    /// Rounds.
    pub rounds: u32,
    /// (`at_least` + 1) / (`rounds` + 1), two-sided.
    pub p: f64,
}

/// Result of [`paired_bootstrap`]: F1 of b minus F1 of a.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The 2.5 % quantile.
    pub low: f64,
    /// The 97.5 % quantile.
    pub high: f64,
}

/// Differences this close are equal: different counts may give the same fraction, up to rounding.
const ROUNDING: f64 = 1e-12;

/// Swaps the two systems in each unit with probability 1/2, `rounds` times, and counts how often the difference in F1
/// is at least the observed one.
pub fn approximate_randomisation(units: &[PairedUnit], rounds: u32, seed: u64) -> Randomisation {
    let total: PairedUnit = units.iter().copied().sum();
    let difference = total.b.f1() - total.a.f1();
    // Swapping changes nothing in a unit where both did the same.
    let (moving, fixed): (Vec<PairedUnit>, Vec<_>) = units.iter().partition(|unit| unit.a != unit.b);
    let fixed = fixed.into_iter().sum();
    let mut draws = significance_generator(seed, "randomisation");
    let reaches = |_: &u32| {
        let swapped = swap_at_random(&moving, fixed, &mut draws);
        (swapped.b.f1() - swapped.a.f1()).abs() >= difference.abs() - ROUNDING
    };
    let at_least = (0..rounds).filter(reaches).count() as u32;
    Randomisation { difference, at_least, rounds, p: f64::from(at_least + 1) / f64::from(rounds + 1) }
}

fn swap_at_random(moving: &[PairedUnit], fixed: PairedUnit, draws: &mut impl Rng) -> PairedUnit {
    let mut sum = fixed;
    for units in moving.chunks(64) {
        let mut bits = draws.next_u64();
        for unit in units {
            let (a, b) = if bits & 1 == 0 { (unit.a, unit.b) } else { (unit.b, unit.a) };
            sum += PairedUnit { a, b };
            bits >>= 1;
        }
    }
    sum
}

/// Draws as many units as there are, with replacement, `rounds` times (at least once), and takes the 2.5 % and 97.5 %
/// quantiles of the difference in F1.
pub fn paired_bootstrap(units: &[PairedUnit], rounds: u32, seed: u64) -> Interval {
    let mut draws = significance_generator(seed, "bootstrap");
    let mut difference = |_| {
        let units = (0..units.len()).map(|_| units[draws.random_range(0..units.len())]);
        let drawn: PairedUnit = units.sum();
        drawn.b.f1() - drawn.a.f1()
    };
    let mut differences: Vec<f64> = (0..rounds.max(1)).map(&mut difference).collect();
    differences.sort_by(f64::total_cmp);
    let quantile = |share: f64| differences[((differences.len() - 1) as f64 * share).round() as usize];
    Interval { low: quantile(0.025), high: quantile(0.975) }
}

/// Adjusted p-values for several tests at once, in the order of `p`: the i-th smallest (from 0) of m is multiplied by
/// m - i, none becomes smaller than the one before it, and none exceeds 1.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&x, &y| p[x].total_cmp(&p[y]));
    let mut adjusted = vec![0.0; p.len()];
    let mut floor = 0.0f64;
    for (rank, &at) in order.iter().enumerate() {
        floor = floor.max((p[at] * (p.len() - rank) as f64).min(1.0));
        adjusted[at] = floor;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts((true_positives, false_positives, false_negatives): (u64, u64, u64)) -> Counts {
        Counts { true_positives, false_positives, false_negatives }
    }

    fn unit(a: (u64, u64, u64), b: (u64, u64, u64)) -> PairedUnit {
        PairedUnit { a: counts(a), b: counts(b) }
    }

    #[test]
    fn three_units_by_hand() {
        // In each of three units b finds the one entity and a does not: F1 1 against 0. Of the 8 ways to swap, only
        // "none" and "all" reach a difference of 1, so p tends to 2/8.
        let units = [unit((0, 0, 1), (1, 0, 0)); 3];
        let test = approximate_randomisation(&units, 40_000, 1);
        assert_eq!(test.difference, 1.0);
        assert!((test.p - 0.25).abs() < 0.01, "{test:?}");
        // Two units of three: the swaps reach 1 - 0 = 1 in two of four cases.
        let units = [units[0], units[1], unit((1, 0, 0), (1, 0, 0))];
        let test = approximate_randomisation(&units, 40_000, 1);
        assert_eq!(test.difference, 1.0 - 2.0 / 4.0);
        assert!((test.p - 0.5).abs() < 0.01, "{test:?}");
    }

    #[test]
    fn the_p_value_counts_the_observed_order_as_one_round() {
        let test = approximate_randomisation(&[unit((0, 0, 1), (1, 0, 0)); 60], 999, 3);
        assert_eq!((test.at_least, test.p), (0, 0.001));
        let same = approximate_randomisation(&[unit((1, 1, 0), (1, 1, 0)); 9], 99, 3);
        assert_eq!((same.difference, same.p), (0.0, 1.0));
    }

    #[test]
    fn the_bootstrap_of_equal_units_is_a_point_and_of_others_an_interval() {
        let point = paired_bootstrap(&[unit((0, 0, 1), (1, 0, 0)); 5], 500, 2);
        assert_eq!((point.low, point.high), (1.0, 1.0));
        // One unit of two speaks for b, the other for a: resampling gives -1, 0 or 1 with 1/4, 1/2, 1/4.
        let units = [unit((0, 0, 1), (1, 0, 0)), unit((1, 0, 0), (0, 0, 1))];
        let interval = paired_bootstrap(&units, 2_000, 2);
        assert_eq!((interval.low, interval.high), (-1.0, 1.0));
    }

    #[test]
    fn holm_by_hand() {
        // Sorted 0.01, 0.02, 0.03, 0.04: 4 x 0.01, 3 x 0.02, 2 x 0.03, then 0.06 again because 0.04 is smaller.
        let adjusted = holm(&[0.04, 0.01, 0.03, 0.02]);
        let want = [0.06, 0.04, 0.06, 0.06];
        assert!(adjusted.iter().zip(want).all(|(a, w)| (a - w).abs() < 1e-12), "{adjusted:?}");
        assert_eq!(holm(&[0.7, 0.9]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }

    /// Where the two systems are exchangeable, p-values are uniform but for ties: a tenth of them below 0.1, half below
    /// 0.5, give or take four standard deviations of 400 draws.
    #[test]
    fn under_the_null_hypothesis_small_p_values_are_rare() {
        let mut draws = significance_generator(11, "test");
        let mut side = || (draws.random_range(0..9), draws.random_range(0..9), draws.random_range(0..9));
        let mut p_values = Vec::new();
        for round in 0..400 {
            let units: Vec<PairedUnit> = (0..40).map(|_| unit(side(), side())).collect();
            p_values.push(approximate_randomisation(&units, 199, round).p);
        }
        let below = |bound: f64| p_values.iter().filter(|p| **p <= bound).count();
        assert!((16..=64).contains(&below(0.1)), "{}", below(0.1));
        assert!((160..=240).contains(&below(0.5)), "{}", below(0.5));
    }

    fn any_counts() -> impl Strategy<Value = (u64, u64, u64)> {
        (0u64..3, 0u64..3, 0u64..3)
    }

    proptest! {
        #[test]
        fn the_order_of_the_systems_changes_only_the_sign(
            units in prop::collection::vec((any_counts(), any_counts()), 1..20), seed in 0u64..9
        ) {
            let there: Vec<_> = units.iter().map(|&(a, b)| unit(a, b)).collect();
            let back: Vec<_> = units.iter().map(|&(a, b)| unit(b, a)).collect();
            let (x, y) = (approximate_randomisation(&there, 50, seed), approximate_randomisation(&back, 50, seed));
            prop_assert_eq!(x.difference, -y.difference);
            prop_assert_eq!(x.p, y.p);
            prop_assert_eq!(x, approximate_randomisation(&there, 50, seed));
            let (x, y) = (paired_bootstrap(&there, 41, seed), paired_bootstrap(&back, 41, seed));
            prop_assert!(x.low <= x.high && (x.low + y.high).abs() < 1e-12 && (x.high + y.low).abs() < 1e-12);
        }

        #[test]
        fn adjusted_p_values_keep_the_order_and_never_shrink(p in prop::collection::vec(0.0f64..1.0, 1..9)) {
            let adjusted = holm(&p);
            for (x, x_adjusted) in p.iter().zip(&adjusted) {
                prop_assert!(x <= x_adjusted && *x_adjusted <= 1.0);
                for (y, y_adjusted) in p.iter().zip(&adjusted) {
                    prop_assert!(x > y || x_adjusted <= y_adjusted);
                }
            }
        }
    }
}
