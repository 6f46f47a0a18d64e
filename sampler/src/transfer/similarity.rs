//! How far a donor's ranking of configurations agrees with this study's.
//!
//! The donor predicts the rank of each of this study's trials by a kernel-weighted mean over its own trials. The share of
//! pairs that it orders rightly (Kendall's concordance, as in ranking-weighted ensembles, arXiv:1802.02219) becomes a weight.

use std::cmp::Ordering;

use pedigree_protocol::objective::Goal;

use crate::axis::Axis;
use crate::real::exp;
use crate::sampler::Ask;
use crate::trial::{Outcome, Seen};

/// Width of the kernel, as a share of each range.
const WIDTH: f64 = 0.15;
/// The distance in a dimension between two different choices, or between a value and none.
const OTHER: f64 = 0.5;

/// Orders completed trials from the best to the worst; all other outcomes come after them.
pub(super) fn compare(a: &Seen, b: &Seen, goal: Goal) -> Ordering {
    loss(&a.outcome, goal).total_cmp(&loss(&b.outcome, goal))
}

fn loss(outcome: &Outcome, goal: Goal) -> f64 {
    match (outcome, goal) {
        (Outcome::Completed(value), _) if value.is_nan() => f64::INFINITY,
        (Outcome::Completed(value), Goal::Minimize) => *value,
        (Outcome::Completed(value), Goal::Maximize) => -value,
        _ => f64::INFINITY,
    }
}

/// How a donor's ranking of this study's trials compares with their results.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Agreement {
    /// Kendall's τ: 1 where every pair is ranked rightly, 0 at chance, -1 where every pair is ranked wrongly.
    pub(super) tau: f64,
    /// The standard deviation of τ by chance: √(2 (2n + 5) / (9 n (n - 1))) for n trials (Kendall 1938).
    pub(super) chance: f64,
}

/// Compares a donor's ranking with what became of this study's trials.
pub(super) fn agreement(ask: &Ask<'_>, donor: &[Seen]) -> Agreement {
    let own: Vec<(f64, f64)> = ask
        .view
        .trials()
        .filter(|trial| trial.outcome.is_finished())
        .map(|trial| (loss(&trial.outcome, ask.goal), standing(&ask.axes, donor, &trial.coordinates)))
        .collect();
    let (mut balance, mut pairs) = (0.0, 0.0);
    for (i, a) in own.iter().enumerate() {
        // Two trials with the same result say nothing.
        for b in own[..i].iter().filter(|b| a.0 != b.0 && a.1 != b.1) {
            pairs += 1.0;
            balance += if (a.0 < b.0) == (a.1 < b.1) { 1.0 } else { -1.0 };
        }
    }
    if pairs == 0.0 {
        return Agreement { tau: 0.0, chance: 1.0 };
    }
    let n = own.len() as f64;
    Agreement { tau: balance / pairs, chance: (2.0 * (2.0 * n + 5.0) / (9.0 * n * (n - 1.0))).sqrt() }
}

/// The mean rank of the donor's trials near a configuration, as a share of their number: near 0 around the best ones.
/// `donor` is sorted, the best first.
pub(super) fn standing(axes: &[Axis<'_>], donor: &[Seen], coordinates: &[Option<f64>]) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for (rank, known) in donor.iter().enumerate() {
        let distance = distance(axes, &known.coordinates, coordinates);
        // The floor keeps the sum above 0 where all trials are far away.
        let kernel = exp(-0.5 * distance / (WIDTH * WIDTH)).max(1e-12);
        sum += kernel * rank as f64;
        total += kernel;
    }
    sum / (total * donor.len() as f64)
}

/// The mean over the dimensions of the squared distance, each as a share of its range.
fn distance(axes: &[Axis<'_>], a: &[Option<f64>], b: &[Option<f64>]) -> f64 {
    let each = axes.iter().zip(a.iter().zip(b)).map(|(axis, pair)| match pair {
        (Some(a), Some(b)) if axis.is_unordered() => {
            if a == b {
                0.0
            } else {
                OTHER * OTHER
            }
        }
        (Some(a), Some(b)) => {
            let (low, high) = axis.shape().range();
            if high > low { ((a - b) / (high - low)).powi(2) } else { 0.0 }
        }
        (None, None) => 0.0,
        _ => OTHER * OTHER,
    });
    each.sum::<f64>() / axes.len().max(1) as f64
}
