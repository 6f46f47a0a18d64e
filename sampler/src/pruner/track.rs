//! What a trial has reported, and which values are better.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use pedigree_protocol::objective::Goal;

/// The reports of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Its number in the study.
    pub number: u32,
    /// Its value, which is that of its best step, where it ran to its end.
    pub completed: Option<f64>,
    /// The objective by step; steps are epochs, counted from 1.
    pub reports: BTreeMap<u32, f64>,
}

impl Track {
    /// The newest report.
    pub(crate) fn last(&self) -> Option<(u32, f64)> {
        self.reports.last_key_value().map(|(step, value)| (*step, *value))
    }

    /// The step before the newest one.
    pub(crate) fn step_before_last(&self) -> Option<u32> {
        self.reports.keys().rev().nth(1).copied()
    }

    /// The best report; NaN where every report is NaN.
    pub(crate) fn best(&self, goal: Goal) -> Option<f64> {
        best(self.reports.values().copied(), goal)
    }
}

/// The order of values from the best to the worst; NaN is worse than everything.
pub(crate) fn order(a: f64, b: f64, goal: Goal) -> Ordering {
    let values = match goal {
        Goal::Minimize => a.partial_cmp(&b),
        Goal::Maximize => b.partial_cmp(&a),
    };
    values.unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Whether `a` is better than `b`.
pub(crate) fn is_better(a: f64, b: f64, goal: Goal) -> bool {
    order(a, b, goal) == Ordering::Less
}

/// The best of the values.
pub(crate) fn best(values: impl Iterator<Item = f64>, goal: Goal) -> Option<f64> {
    values.min_by(|a, b| order(*a, *b, goal))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A trial with these reports at epochs 1, 2, …
    pub(crate) fn track(number: u32, values: &[f64]) -> Track {
        Track { number, completed: None, reports: (1..).zip(values.iter().copied()).collect() }
    }

    pub(crate) fn completed(number: u32, values: &[f64]) -> Track {
        let best = best(values.iter().copied(), Goal::Maximize);
        Track { completed: best, ..track(number, values) }
    }

    #[test]
    fn nan_is_worse_than_everything() {
        let mut values = [f64::NAN, 1.0, f64::INFINITY, -1.0];
        values.sort_by(|a, b| order(*a, *b, Goal::Maximize));
        assert_eq!(values[..3], [f64::INFINITY, 1.0, -1.0]);
        assert!(values[3].is_nan() && is_better(9.0, f64::NAN, Goal::Minimize));
    }
}
