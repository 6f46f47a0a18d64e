//! Which trials are good: the ranking of outcomes, the size of the good side, and how much each trial weighs.
//!
//! Knows outcomes and numbers of trials, never their parameters.

use std::cmp::Ordering;

use pedigree_protocol::objective::Goal;

use crate::history::{Outcome, Seen};

/// The good side never grows beyond this.
const MOST_GOOD: usize = 25;
/// The newest observations that weigh fully.
const FULL_WEIGHTS: usize = 25;

/// The two sides, each in the order of trial numbers.
#[derive(Debug)]
pub(crate) struct Split<'a> {
    pub(crate) good: Vec<&'a Seen>,
    pub(crate) bad: Vec<&'a Seen>,
}

/// Splits trials (in the order of their numbers): the best of the finished ones are good, everything else is bad, the
/// pending ones included.
pub(crate) fn split(trials: &[Seen], goal: Goal) -> Split<'_> {
    let mut finished: Vec<usize> = (0..trials.len()).filter(|&i| trials[i].outcome.is_finished()).collect();
    let size = good_size(finished.len());
    // A stable sort: of equals, the earlier trial is the better one.
    finished.sort_by(|&a, &b| rank(&trials[a].outcome, goal).compare(&rank(&trials[b].outcome, goal)));
    let mut is_good = vec![false; trials.len()];
    finished.iter().take(size).for_each(|&i| is_good[i] = true);
    let side = |wanted| trials.iter().zip(&is_good).filter(|(_, g)| **g == wanted).map(|(t, _)| t).collect();
    Split { good: side(true), bad: side(false) }
}

/// How many of `finished` trials are good: a tenth, rounded up.
fn good_size(finished: usize) -> usize {
    finished.div_ceil(10).min(MOST_GOOD)
}

/// Where an outcome stands: by class first, then by two keys, smaller is better, NaN after every number.
struct Rank(u8, f64, f64);

impl Rank {
    fn compare(&self, other: &Self) -> Ordering {
        let key =
            |a: f64, b: f64| a.is_nan().cmp(&b.is_nan()).then(a.partial_cmp(&b).unwrap_or(Ordering::Equal));
        self.0.cmp(&other.0).then_with(|| key(self.1, other.1)).then_with(|| key(self.2, other.2))
    }
}

/// Completed by value; pruned by last step, then value; infeasible by violation.
fn rank(outcome: &Outcome, goal: Goal) -> Rank {
    let loss = |value: f64| match goal {
        Goal::Minimize => value,
        Goal::Maximize => -value,
    };
    match *outcome {
        Outcome::Completed(value) => Rank(0, loss(value), 0.0),
        Outcome::Pruned { step, value: Some(value) } => Rank(1, -f64::from(step), loss(value)),
        Outcome::Pruned { value: None, .. } => Rank(2, 0.0, 0.0),
        Outcome::Infeasible { violation } => Rank(3, violation, 0.0),
        Outcome::Pending => Rank(4, 0.0, 0.0),
    }
}

/// Weights of `count` observations from the oldest to the newest, then of the prior: the newest weigh 1, older ones
/// rise linearly from 1/`count`; they sum to 1.
pub(crate) fn weights(count: usize) -> Vec<f64> {
    let old = count.saturating_sub(FULL_WEIGHTS);
    let lowest = 1.0 / count.max(1) as f64;
    let rise = (1.0 - lowest) / old.saturating_sub(1).max(1) as f64;
    let mut weights: Vec<f64> = (0..old).map(|i| lowest + rise * i as f64).collect();
    weights.resize(count + 1, 1.0);
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(outcomes: &[Outcome]) -> Vec<Seen> {
        let seen = |(i, o): (usize, &Outcome)| Seen { number: i as u32, outcome: *o, coordinates: vec![] };
        outcomes.iter().enumerate().map(seen).collect()
    }

    fn good(outcomes: &[Outcome], goal: Goal) -> Vec<u32> {
        split(&seen(outcomes), goal).good.iter().map(|t| t.number).collect()
    }

    /// Trial numbers from the best to the worst.
    fn ranking(outcomes: &[Outcome]) -> Vec<u32> {
        let mut trials = seen(outcomes);
        trials.sort_by(|a, b| rank(&a.outcome, Goal::Maximize).compare(&rank(&b.outcome, Goal::Maximize)));
        trials.iter().map(|t| t.number).collect()
    }

    #[test]
    fn a_tenth_is_good_and_never_more_than_25() {
        let sizes = [0, 1, 10, 11, 20, 31, 40, 250, 251, 10_000].map(good_size);
        assert_eq!(sizes, [0, 1, 1, 2, 2, 4, 4, 25, 25, 25]);
    }

    #[test]
    fn the_goal_decides_which_end_is_good() {
        let values: Vec<_> = (0..20).map(|i| Outcome::Completed(f64::from((i * 7) % 20))).collect();
        // 7 i mod 20 is 19 at i = 17, 18 at i = 14; 0 at i = 0, 1 at i = 3.
        assert_eq!(good(&values, Goal::Maximize), [14, 17]);
        assert_eq!(good(&values, Goal::Minimize), [0, 3]);
    }

    #[test]
    fn of_equal_values_the_earlier_trial_is_good() {
        assert_eq!(good(&[Outcome::Completed(0.5); 20], Goal::Maximize), [0, 1]);
    }

    #[test]
    fn completed_before_pruned_before_infeasible_before_pending() {
        let outcomes = [
            Outcome::Pending,
            Outcome::Infeasible { violation: 1.0 },
            Outcome::Infeasible { violation: 0.25 },
            Outcome::Pruned { step: 9, value: None },
            Outcome::Pruned { step: 2, value: Some(0.9) },
            Outcome::Pruned { step: 3, value: Some(f64::NAN) },
            Outcome::Pruned { step: 3, value: Some(0.1) },
            Outcome::Pruned { step: 3, value: Some(0.2) },
            Outcome::Completed(f64::NAN),
            Outcome::Completed(0.05),
            Outcome::Completed(0.5),
        ];
        assert_eq!(ranking(&outcomes), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    }

    #[test]
    fn pending_trials_are_bad_and_do_not_count() {
        let mut outcomes = vec![Outcome::Pending; 30];
        outcomes.extend((0..10).map(|i| Outcome::Completed(f64::from(i))));
        let trials = seen(&outcomes);
        let split = split(&trials, Goal::Maximize);
        assert_eq!(split.good.iter().map(|t| t.number).collect::<Vec<_>>(), [39]);
        assert_eq!(split.bad.len(), 39);
        assert!(split.bad.is_sorted_by_key(|t| t.number));
    }

    #[test]
    fn an_infeasible_trial_is_good_only_when_nothing_feasible_is_left() {
        let mut outcomes = vec![Outcome::Infeasible { violation: 1.0 }; 18];
        outcomes.push(Outcome::Completed(0.0));
        assert_eq!(good(&outcomes, Goal::Maximize), [0, 18]);
    }

    #[test]
    fn weights_are_flat_up_to_25_and_ramp_beyond() {
        assert_eq!(weights(0), [1.0]);
        assert_eq!(weights(3), [0.25; 4]);
        let ramp = weights(28);
        let shape: Vec<f64> = ramp.iter().map(|w| w / ramp[28]).collect();
        for (have, want) in shape.iter().zip([1.0 / 28.0, (1.0 / 28.0 + 1.0) / 2.0, 1.0, 1.0]) {
            assert!((have - want).abs() < 1e-12, "{have} {want}");
        }
        assert!((ramp.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((weights(26)[0] / weights(26)[26] - 1.0 / 26.0).abs() < 1e-12);
    }
}
