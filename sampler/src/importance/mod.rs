//! Which parameters matter, and which ranges are too narrow: pure functions of a study's completed trials.
//!
//! [`importances`] is PED-ANOVA (Watanabe, Bansal, Hutter, arXiv:2304.10255): how far the density of the best trials lies
//! from the density of all trials, dimension by dimension. [`at_boundary`] finds the ends of ranges where the best trials
//! gather. Nothing here draws, or knows how trials were proposed.

mod density;

use pedigree_protocol::objective::Goal;
use pedigree_protocol::{Scalar, Space};

use crate::axis::{Axis, Shape};
use crate::history::History;
use crate::trial::{Observed, Outcome, Seen};
use density::density;

/// With fewer completed trials, nothing is said.
pub const FEWEST: usize = 10;
/// The share of trials that are the best ones (Optuna takes a tenth, which is four of 40 trials).
const BEST: f64 = 0.2;
/// The outermost share of a range that counts as its end.
const END: f64 = 0.03;
/// Most of the best trials must lie in this outermost share of the range.
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

/// The importance of every dimension, in the space's order; empty until [`FEWEST`] trials have completed.
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

/// Pearson's divergence between the density of the best trials and the density of all trials that have the dimension,
/// weighted by how many have it.
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

/// The ends of ranges at which the best trial and most of the best ones lie: the optimum may lie outside.
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
    // With two values, every value is at an end.
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

/// How many of `count` trials are the best ones; at least 2.
fn best_of(count: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the count")]
    let best = (BEST * count as f64).ceil() as usize;
    best.clamp(2, count.max(2))
}

#[cfg(test)]
mod tests;
