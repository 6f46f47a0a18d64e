//! Whether a trial goes on: pure functions of the reports seen so far.
//!
//! [`decide`] is asked when a trial has reported. Each rule is a module; they share [`Track`] and the order of values.
//! Nothing here knows who trains, or what happens to a trial that is pruned.

mod halving;
mod patient;
mod percentile;
mod wilcoxon;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use pedigree_protocol::objective::Goal;
use pedigree_protocol::pruner::Pruner;

/// The reports of one trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Its number in the study.
    pub number: u32,
    /// It ran to its end: its value, that of its best step.
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

    /// The best report; NaN where all are.
    pub(crate) fn best(&self, goal: Goal) -> Option<f64> {
        best(self.reports.values().copied(), goal)
    }
}

/// Whether the trial should end here, and why as a sentence. `others` are the study's other trials, in any order;
/// a trial without a report always goes on.
pub fn decide(pruner: &Pruner, goal: Goal, trial: &Track, others: &[Track]) -> Option<String> {
    trial.last()?;
    match pruner {
        Pruner::None => None,
        Pruner::Median { watch } => percentile::decide(50.0, *watch, goal, trial, others),
        Pruner::Percentile { keep, watch } => percentile::decide(*keep, *watch, goal, trial, others),
        Pruner::Asha { min_epochs, reduction } => halving::asha(*min_epochs, *reduction, goal, trial, others),
        Pruner::Hyperband { min_epochs, max_epochs, reduction } => {
            halving::hyperband(*min_epochs, *max_epochs, *reduction, goal, trial, others)
        }
        Pruner::Wilcoxon { p, startup_steps } => wilcoxon::decide(*p, *startup_steps, goal, trial, others),
        Pruner::Threshold { lower, upper, warmup_steps } => threshold(*lower, *upper, *warmup_steps, trial),
        Pruner::Patient { patience, min_delta, pruner } => {
            patient::decide(*patience, *min_delta, pruner, goal, trial, others)
        }
    }
}

fn threshold(lower: Option<f64>, upper: Option<f64>, warmup: u32, trial: &Track) -> Option<String> {
    let (step, value) = trial.last()?;
    if step <= warmup {
        return None;
    }
    if value.is_nan() {
        return Some(format!("the value at epoch {step} is no number"));
    }
    if let Some(lower) = lower.filter(|lower| value < *lower) {
        return Some(format!("{value:.4} at epoch {step} is below {lower}"));
    }
    let upper = upper.filter(|upper| value > *upper)?;
    Some(format!("{value:.4} at epoch {step} is above {upper}"))
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
pub(crate) mod tests {
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
    fn thresholds_and_nan() {
        let rule = |lower, upper, warmup_steps| Pruner::Threshold { lower, upper, warmup_steps };
        let prunes = |rule: &Pruner, values: &[f64]| decide(rule, Goal::Maximize, &track(1, values), &[]);
        let low = rule(Some(0.2), None, 1);
        assert_eq!(prunes(&low, &[0.1]), None);
        assert_eq!(prunes(&low, &[0.1, 0.1]).unwrap(), "0.1000 at epoch 2 is below 0.2");
        assert_eq!(prunes(&low, &[0.1, 0.2]), None);
        assert_eq!(prunes(&rule(None, Some(2.0), 0), &[2.5]).unwrap(), "2.5000 at epoch 1 is above 2");
        assert_eq!(
            prunes(&rule(None, None, 0), &[0.3, f64::NAN]).unwrap(),
            "the value at epoch 2 is no number"
        );
    }

    #[test]
    fn nan_is_worse_than_everything() {
        let mut values = [f64::NAN, 1.0, f64::INFINITY, -1.0];
        values.sort_by(|a, b| order(*a, *b, Goal::Maximize));
        assert_eq!(values[..3], [f64::INFINITY, 1.0, -1.0]);
        assert!(values[3].is_nan() && is_better(9.0, f64::NAN, Goal::Minimize));
    }
}
