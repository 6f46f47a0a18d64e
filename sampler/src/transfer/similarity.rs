//! How much a donor's ranking of configurations agrees with this study's.
//!
//! The donor predicts the values of this study's trials by a kernel-weighted mean over its own; the share of pairs that
//! it orders rightly (Kendall's concordance, as in ranking-weighted ensembles, arXiv:1802.02219) becomes a weight.

use std::cmp::Ordering;

use pedigree_protocol::objective::Goal;

use crate::axis::Axis;
use crate::history::{Outcome, Seen};
use crate::real::exp;
use crate::sampler::Ask;

/// Width of the kernel, as a share of each range.
const WIDTH: f64 = 0.15;
/// Pairs, half of them right, that stand against a donor until enough was compared.
const DOUBT: f64 = 2.0;
/// Distance in a dimension between two different choices, or between having a value and having none.
const OTHER: f64 = 0.5;

/// The order of completed trials from the best to the worst; every other outcome comes after them.
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

/// The donor's weight, 0 to 1: 0 when its ranking is no better than chance.
pub(super) fn weight(ask: &Ask<'_>, donor: &[Seen]) -> f64 {
    let own: Vec<(f64, f64)> = ask
        .view
        .trials
        .iter()
        .filter(|trial| trial.outcome.is_finished())
        .map(|trial| (loss(&trial.outcome, ask.goal), predict(ask, donor, trial)))
        .collect();
    let mut right = DOUBT / 2.0;
    let mut pairs = DOUBT;
    for (i, a) in own.iter().enumerate() {
        for b in &own[..i] {
            // Two trials that failed alike say nothing.
            if a.0 == b.0 || a.1 == b.1 {
                continue;
            }
            pairs += 1.0;
            right += f64::from(u8::from((a.0 < b.0) == (a.1 < b.1)));
        }
    }
    (2.0 * right / pairs - 1.0).clamp(0.0, 1.0)
}

/// The donor's mean loss near a trial.
fn predict(ask: &Ask<'_>, donor: &[Seen], trial: &Seen) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for known in donor {
        let distance = distance(&ask.axes, &known.coordinates, &trial.coordinates);
        // The floor keeps far trials apart from none at all.
        let kernel = exp(-0.5 * distance / (WIDTH * WIDTH)).max(1e-12);
        sum += kernel * loss(&known.outcome, ask.goal);
        total += kernel;
    }
    sum / total
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
