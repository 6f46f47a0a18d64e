//! Which parameters matter, and which ranges are too narrow: pure functions of a study's completed trials.
//!
//! [`importances`] is PED-ANOVA (Watanabe, Bansal, Hutter, arXiv:2304.10255): how far, dimension by dimension, the
//! density of the best trials lies from that of all. [`at_boundary`] finds the ends of ranges where the best trials
//! gather. Nothing here draws, or knows how trials were proposed.

mod density;

use pedigree_protocol::objective::Goal;
use pedigree_protocol::{Scalar, Space};

use crate::axis::{Axis, Shape};
use crate::history::{History, Observed, Outcome, Seen};
use density::density;

/// Completed trials below which nothing is said.
pub const FEWEST: usize = 10;
/// The share of trials that count as the best (Optuna takes a tenth; at 40 trials that is four).
const BEST: f64 = 0.2;
/// The outer share of a range that is its end.
const END: f64 = 0.03;
/// The outer share of a range in which most of the best trials must lie.
const OUTER: f64 = 0.25;

/// How much a dimension matters.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// The dimension.
    pub name: String,
    /// Its share; all shares sum to 1.
    pub share: f64,
}

/// An end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The smallest value.
    Low,
    /// The largest value.
    High,
}

/// A range whose end the best trials press against.
#[derive(Debug, Clone, PartialEq)]
pub struct AtBoundary {
    /// The dimension.
    pub name: String,
    /// Which end.
    pub end: End,
    /// The value there of the best trial.
    pub value: Scalar,
}

/// The importance of every dimension, in the space's order; nothing before [`FEWEST`] trials have completed.
pub fn importances(space: &Space, goal: Goal, trials: &[Observed]) -> Vec<Importance> {
    let axes = Axis::all(space);
    let ranked = ranked(&axes, goal, trials);
    if ranked.len() < FEWEST {
        return Vec::new();
    }
    let raw: Vec<f64> = axes.iter().enumerate().map(|(i, axis)| divergence(axis, i, &ranked)).collect();
    let sum: f64 = raw.iter().sum();
    let share = |raw: f64| if sum > 0.0 { raw / sum } else { 1.0 / axes.len() as f64 };
    axes.iter()
        .zip(raw)
        .map(|(axis, raw)| Importance { name: axis.name().to_owned(), share: share(raw) })
        .collect()
}

/// Pearson's divergence between the densities of the best and of all trials that have the dimension, weighted by how
/// many have it.
fn divergence(axis: &Axis<'_>, i: usize, ranked: &[Seen]) -> f64 {
    let values: Vec<f64> = ranked.iter().filter_map(|trial| trial.coordinates[i]).collect();
    if values.len() < FEWEST || axis.is_fixed() {
        return 0.0;
    }
    let all = density(axis.shape(), &values);
    let best = density(axis.shape(), &values[..best_of(values.len())]);
    let pearson: f64 = all.iter().zip(&best).map(|(all, best)| all * (best / all - 1.0).powi(2)).sum();
    pearson * values.len() as f64 / ranked.len() as f64
}

/// The ends that the best trial, and most of the best ones, lie at: the optimum may lie outside.
pub fn at_boundary(space: &Space, goal: Goal, trials: &[Observed]) -> Vec<AtBoundary> {
    let axes = Axis::all(space);
    let ranked = ranked(&axes, goal, trials);
    if ranked.len() < FEWEST {
        return Vec::new();
    }
    let best = &ranked[..best_of(ranked.len())];
    axes.iter().enumerate().filter_map(|(i, axis)| pressed(axis, i, best)).collect()
}

fn pressed(axis: &Axis<'_>, i: usize, best: &[Seen]) -> Option<AtBoundary> {
    // Of two values one is always at an end.
    let ordered = match axis.shape() {
        Shape::Choice { .. } => false,
        Shape::Grid { last } => last >= 2.0,
        Shape::Continuous { .. } | Shape::LogInt { .. } => !axis.is_fixed(),
    };
    let (low, high) = (axis.uniform(0.0), axis.uniform(1.0));
    let first = best.first()?.coordinates[i]?;
    let place = |x: f64| (x - low) / (high - low);
    let shares: Vec<f64> = best.iter().filter_map(|trial| trial.coordinates[i]).map(place).collect();
    let most = |is_there: fn(f64) -> bool| shares.iter().filter(|s| is_there(**s)).count() * 2 > best.len();
    let end = match place(first) {
        share if share <= END && most(|s| s <= OUTER) => End::Low,
        share if share >= 1.0 - END && most(|s| s >= 1.0 - OUTER) => End::High,
        _ => return None,
    };
    ordered.then(|| AtBoundary { name: axis.name().to_owned(), end, value: axis.decode(first) })
}

/// The completed trials of the space, best first.
fn ranked(axes: &[Axis<'_>], goal: Goal, trials: &[Observed]) -> Vec<Seen> {
    let value = |trial: &Seen| match trial.outcome {
        Outcome::Completed(value) if !value.is_nan() => {
            Some(if goal == Goal::Maximize { -value } else { value })
        }
        _ => None,
    };
    let view = History::new(trials.to_vec()).view(axes, 0);
    let mut ranked: Vec<Seen> = view.trials().filter(|trial| value(trial).is_some()).cloned().collect();
    ranked.sort_by(|a, b| {
        value(a).unwrap_or(0.0).total_cmp(&value(b).unwrap_or(0.0)).then(a.number.cmp(&b.number))
    });
    ranked
}

/// How many of `count` trials are the best ones.
fn best_of(count: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the count")]
    let best = (BEST * count as f64).ceil() as usize;
    best.clamp(2, count.max(2))
}

#[cfg(test)]
mod tests;
