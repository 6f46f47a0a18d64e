//! Patience before another pruner is asked: Optuna's `PatientPruner`.

use pedigree_protocol::objective::Goal;

use super::track::{Track, best, is_better};

/// Says that none of the last `patience + 1` reports has come within `min_delta` of the best one before them.
pub(super) fn stalled(patience: u32, min_delta: f64, goal: Goal, trial: &Track) -> Option<String> {
    let values: Vec<f64> = trial.reports.values().copied().collect();
    let (before, after) = values.split_at(values.len().checked_sub(patience as usize + 1)?);
    let numbers = |values: &[f64]| {
        let numbers: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        best(numbers.into_iter(), goal)
    };
    let before = numbers(before)?;
    let bar = if goal == Goal::Maximize { before - min_delta } else { before + min_delta };
    // Where no recent report is a number, there was no improvement either.
    let after = numbers(after);
    if after.is_some_and(|after| !is_better(bar, after, goal)) {
        return None;
    }
    Some(format!("no improvement on {before:.4} for {} epochs", patience + 1))
}

#[cfg(test)]
mod tests {
    use super::super::track::tests::track;
    use super::*;

    fn prunes(patience: u32, min_delta: f64, goal: Goal, values: &[f64]) -> bool {
        stalled(patience, min_delta, goal, &track(1, values)).is_some()
    }

    #[test]
    fn the_last_reports_are_held_against_the_best_before_them() {
        let max = |values: &[f64]| prunes(1, 0.0, Goal::Maximize, values);
        assert!(!max(&[0.5, 0.4]));
        assert!(max(&[0.5, 0.4, 0.4]));
        assert!(!max(&[0.5, 0.4, 0.5]));
        assert!(!max(&[0.5, 0.6, 0.4]));
        assert!(prunes(0, 0.0, Goal::Maximize, &[0.5, 0.4]));
        assert!(
            prunes(1, 0.0, Goal::Minimize, &[0.5, 0.6, 0.6])
                && !prunes(1, 0.0, Goal::Minimize, &[0.5, 0.4, 0.6])
        );
        // Within 0.2 of the best is no loss.
        assert!(
            !prunes(1, 0.2, Goal::Maximize, &[0.5, 0.4, 0.4])
                && prunes(1, 0.05, Goal::Maximize, &[0.5, 0.4, 0.4])
        );
        assert!(max(&[0.5, f64::NAN, f64::NAN]));
    }
}
