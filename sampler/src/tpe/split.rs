//! Which trials are good: the ranking of outcomes, the split, and how much each trial weighs.
//!
//! Knows outcomes and numbers of trials, never their parameters.

use pedigree_protocol::objective::Goal;

use crate::trial::{Outcome, Seen};

/// This many of the newest observations have full weight.
const FULL_WEIGHTS: usize = 25;
/// The least improvement that counts as a weight.
const LEAST_IMPROVEMENT: f64 = 1e-12;

/// The two sides, each ordered by trial number.
#[derive(Debug)]
pub(crate) struct Split<'a> {
    pub(crate) good: Vec<&'a Seen>,
    pub(crate) bad: Vec<&'a Seen>,
}

/// The finished trials, the best first. `trials` are ordered by number; among equals, the earlier trial is better.
pub(crate) fn ranked<'a>(trials: &[&'a Seen], goal: Goal) -> Vec<&'a Seen> {
    let mut finished: Vec<(Rank, &Seen)> = trials
        .iter()
        .filter(|t| t.outcome.is_finished())
        .map(|&trial| (rank(&trial.outcome, goal), trial))
        .collect();
    finished.sort_by_key(|(rank, _)| *rank);
    finished.into_iter().map(|(_, trial)| trial).collect()
}

/// Splits trials, which are ordered by number: the `size` best finished ones are good. All others are bad, also the pending
/// ones.
pub(crate) fn split<'a>(trials: &[&'a Seen], goal: Goal, size: usize) -> Split<'a> {
    let good: Vec<u32> = ranked(trials, goal).iter().take(size).map(|t| t.number).collect();
    let (good, bad) = trials.iter().partition(|t| good.contains(&t.number));
    Split { good, bad }
}

/// The rank of an outcome: a class, then two keys; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank(u8, u64, u64);

/// A whole number that sorts as the number does. Both zeros are equal, and NaN comes after every number.
fn key(number: f64) -> u64 {
    // A negative zero becomes a positive one.
    let bits = (number + 0.0).to_bits();
    match number {
        _ if number.is_nan() => u64::MAX,
        _ if number < 0.0 => !bits,
        _ => bits | 1 << 63,
    }
}

/// Completed trials rank by value, then pruned ones by last step and value, then infeasible ones by violation.
fn rank(outcome: &Outcome, goal: Goal) -> Rank {
    let loss = |value: f64| match goal {
        Goal::Minimize => value,
        Goal::Maximize => -value,
    };
    let of = |class: u8, first: f64, second: f64| Rank(class, key(first), key(second));
    match *outcome {
        Outcome::Completed(value) => of(0, loss(value), 0.0),
        Outcome::Pruned { step, value: Some(value) } => of(1, -f64::from(step), loss(value)),
        Outcome::Pruned { value: None, .. } => of(2, 0.0, 0.0),
        Outcome::Infeasible { violation } => of(3, violation, 0.0),
        Outcome::Pending => of(4, 0.0, 0.0),
    }
}

/// Optuna's weights of `count` observations from the oldest to the newest, then of the prior. The newest have equal weight,
/// older ones rise linearly from 1/`count` of it; the sum is 1.
pub(crate) fn recency(count: usize) -> Vec<f64> {
    let old = count.saturating_sub(FULL_WEIGHTS);
    let lowest = 1.0 / count.max(1) as f64;
    let rise = (1.0 - lowest) / old.saturating_sub(1).max(1) as f64;
    let mut weights: Vec<f64> = (0..old).map(|i| lowest + rise * i as f64).collect();
    weights.resize(count + 1, 1.0);
    normalised(weights)
}

/// Equal weights of `count` observations and the prior.
pub(crate) fn uniform(count: usize) -> Vec<f64> {
    normalised(vec![1.0; count + 1])
}

/// Watanabe's weights of good observations (arXiv:2304.11127, section 3.2): how much each improves on the best bad value.
/// The prior has the mean of these.
pub(crate) fn expected_improvement(good: &[&Seen], split: &Split<'_>) -> Vec<f64> {
    let value = |trial: &&Seen| match trial.outcome {
        Outcome::Completed(value) => Some(value),
        Outcome::Pruned { .. } | Outcome::Infeasible { .. } | Outcome::Pending => None,
    };
    // Under either goal the best bad value is the one nearest to the good values.
    let nearest = |trial: &Seen| {
        let gaps =
            split.bad.iter().filter_map(value).filter_map(|bad| value(&trial).map(|v| (v - bad).abs()));
        gaps.fold(f64::INFINITY, f64::min)
    };
    let finite = |gap: f64| if gap.is_finite() { gap.max(LEAST_IMPROVEMENT) } else { LEAST_IMPROVEMENT };
    let mut weights: Vec<f64> = good.iter().map(|trial| finite(nearest(trial))).collect();
    let count = weights.len().max(1) as f64;
    weights.push((weights.iter().sum::<f64>() / count).max(LEAST_IMPROVEMENT));
    normalised(weights)
}

fn normalised(weights: Vec<f64>) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(outcomes: &[Outcome]) -> Vec<Seen> {
        let seen = |(i, o): (usize, &Outcome)| Seen { number: i as u32, outcome: *o, coordinates: [].into() };
        outcomes.iter().enumerate().map(seen).collect()
    }

    fn good(outcomes: &[Outcome], goal: Goal) -> Vec<u32> {
        let trials = seen(outcomes);
        split(&trials.iter().collect::<Vec<_>>(), goal, 2).good.iter().map(|t| t.number).collect()
    }

    /// Trial numbers from the best to the worst.
    fn ranking(outcomes: &[Outcome]) -> Vec<u32> {
        let mut trials = seen(outcomes);
        trials.sort_by_key(|t| rank(&t.outcome, Goal::Maximize));
        trials.iter().map(|t| t.number).collect()
    }

    #[test]
    fn the_goal_decides_which_end_is_good() {
        let values: Vec<_> = (0..20).map(|i| Outcome::Completed(f64::from((i * 7) % 20))).collect();
        // 7 i mod 20 is 19 at i = 17, 18 at i = 14; 0 at i = 0, 1 at i = 3.
        assert_eq!(good(&values, Goal::Maximize), [14, 17]);
        assert_eq!(good(&values, Goal::Minimize), [0, 3]);
    }

    #[test]
    fn keys_are_in_the_order_of_the_numbers() {
        let numbers = [f64::NEG_INFINITY, -2.0, -1e-300, 0.0, 1e-300, 0.5, 1.0, f64::INFINITY, f64::NAN];
        assert!(numbers.map(key).is_sorted_by(|a, b| a < b));
        assert_eq!(key(-0.0), key(0.0));
        assert_eq!(key(-f64::NAN), key(f64::NAN));
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
        let split = split(&trials.iter().collect::<Vec<_>>(), Goal::Maximize, 1);
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
        assert_eq!(recency(0), [1.0]);
        assert_eq!(recency(3), [0.25; 4]);
        let ramp = recency(28);
        let shape: Vec<f64> = ramp.iter().map(|w| w / ramp[28]).collect();
        for (have, want) in shape.iter().zip([1.0 / 28.0, (1.0 / 28.0 + 1.0) / 2.0, 1.0, 1.0]) {
            assert!((have - want).abs() < 1e-12, "{have} {want}");
        }
        assert!((ramp.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((recency(26)[0] / recency(26)[26] - 1.0 / 26.0).abs() < 1e-12);
    }

    #[test]
    fn improvements_by_hand() {
        // Maximised: 0.9 and 0.8 against a best bad value of 0.5 improve by 0.4 and 0.3; the prior by their mean.
        let outcomes = [0.8, 0.1, 0.9, 0.5].map(Outcome::Completed);
        let trials = seen(&outcomes);
        let split = split(&trials.iter().collect::<Vec<_>>(), Goal::Maximize, 2);
        let weights = expected_improvement(&split.good, &split);
        for (have, want) in weights.iter().zip([0.3 / 1.05, 0.4 / 1.05, 0.35 / 1.05]) {
            assert!((have - want).abs() < 1e-12, "{weights:?}");
        }
        assert_eq!(expected_improvement(&[], &split), [1.0]);
    }
}
