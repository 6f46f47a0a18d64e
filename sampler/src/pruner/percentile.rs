//! Prunes a trial that is worse than a percentile of the others: Optuna's `PercentilePruner`. The median is its 50 %.

use pedigree_protocol::objective::Goal;
use pedigree_protocol::pruner::Watch;

use super::track::{Track, is_better, order};

/// Prunes when the trial's best value so far is worse than what the best `keep` percent of the completed trials have at
/// this step.
pub(super) fn decide(keep: f64, watch: Watch, goal: Goal, trial: &Track, others: &[Track]) -> Option<String> {
    let (step, _) = trial.last()?;
    let completed: Vec<&Track> = others.iter().filter(|other| other.completed.is_some()).collect();
    if completed.is_empty() || completed.len() < watch.startup_trials as usize || !is_due(watch, trial) {
        return None;
    }
    let best = trial.best(goal)?;
    if best.is_nan() {
        return Some(format!("no value up to epoch {step} is a number"));
    }
    let values = completed.iter().filter_map(|other| other.reports.get(&step)).copied();
    let bar = percentile(values.filter(|value| !value.is_nan()).collect(), keep, goal)?;
    is_better(bar, best, goal).then(|| {
        format!(
            "its best up to epoch {step}, {best:.4}, is behind the best {keep} % of the others ({bar:.4})"
        )
    })
}

/// Whether the newest report is the first one of its interval after the warm-up.
fn is_due(watch: Watch, trial: &Track) -> bool {
    let Some((step, _)) = trial.last() else { return false };
    let Some(after) = step.checked_sub(watch.warmup_steps + 1) else { return false };
    let begin = watch.warmup_steps + 1 + after / watch.interval * watch.interval;
    trial.step_before_last().is_none_or(|before| before < begin)
}

/// The value that the best `keep` percent reach, interpolated linearly between neighbours (NumPy's default).
fn percentile(mut values: Vec<f64>, keep: f64, goal: Goal) -> Option<f64> {
    values.sort_by(|a, b| order(*a, *b, goal));
    let last = values.len().checked_sub(1)?;
    let place = keep / 100.0 * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
    let left = (place.floor() as usize).min(last);
    let right = (left + 1).min(last);
    Some(values[left] + (values[right] - values[left]) * (place - left as f64))
}

#[cfg(test)]
mod tests {
    use super::super::track::tests::{completed, track};
    use super::*;

    const NOW: Watch = Watch { startup_trials: 1, warmup_steps: 0, interval: 1 };

    /// At epoch 2 the others have 0.1, 0.2, 0.3, 0.4, 0.5: median 0.3, best quarter from 0.4.
    fn others() -> Vec<Track> {
        (1..=5).map(|i| completed(i, &[0.0, f64::from(i) / 10.0])).collect()
    }

    fn prunes(keep: f64, watch: Watch, goal: Goal, values: &[f64]) -> bool {
        decide(keep, watch, goal, &track(9, values), &others()).is_some()
    }

    #[test]
    fn the_best_so_far_is_held_against_the_others_at_this_step() {
        assert!(prunes(50.0, NOW, Goal::Maximize, &[0.0, 0.29]));
        assert!(!prunes(50.0, NOW, Goal::Maximize, &[0.0, 0.3]));
        // Its best was at epoch 1.
        assert!(!prunes(50.0, NOW, Goal::Maximize, &[0.3, 0.0]));
        assert!(prunes(25.0, NOW, Goal::Maximize, &[0.0, 0.39]));
        assert!(!prunes(25.0, NOW, Goal::Maximize, &[0.0, 0.41]));
        assert!(prunes(50.0, NOW, Goal::Minimize, &[0.5, 0.31]));
        assert!(!prunes(50.0, NOW, Goal::Minimize, &[0.5, 0.3]));
    }

    #[test]
    fn between_two_values_the_bar_is_interpolated() {
        // 10 % of the way through four gaps: 0.4 of the gap between the best and the second.
        let bar = percentile(vec![0.1, 0.5, 0.3, 0.2, 0.4], 10.0, Goal::Maximize).unwrap();
        assert!((bar - 0.46).abs() < 1e-12, "{bar}");
        assert_eq!(percentile(vec![0.7], 50.0, Goal::Minimize), Some(0.7));
        assert_eq!(percentile(vec![], 50.0, Goal::Minimize), None);
    }

    #[test]
    fn it_waits_for_trials_for_steps_and_for_its_turn() {
        assert!(!prunes(50.0, Watch { startup_trials: 6, ..NOW }, Goal::Maximize, &[0.0, 0.0]));
        assert!(!prunes(50.0, Watch { warmup_steps: 2, ..NOW }, Goal::Maximize, &[0.0, 0.0]));
        assert!(prunes(50.0, Watch { warmup_steps: 1, ..NOW }, Goal::Maximize, &[0.0, 0.0]));
        // Every third epoch: 1, 4, 7, …
        let watch = Watch { interval: 3, ..NOW };
        let due = |steps: usize| is_due(watch, &track(1, &vec![0.0; steps]));
        assert_eq!([1, 2, 3, 4, 5, 7].map(due), [true, false, false, true, false, true]);
    }

    #[test]
    fn only_completed_trials_with_a_value_at_this_step_count() {
        let running = track(1, &[0.9, 0.9]);
        let short = completed(2, &[0.9]);
        let none = decide(50.0, NOW, Goal::Maximize, &track(3, &[0.0, 0.1]), &[running, short]);
        assert_eq!(none, None);
        let nan = decide(50.0, NOW, Goal::Maximize, &track(3, &[f64::NAN]), &others()).unwrap();
        assert_eq!(nan, "no value up to epoch 1 is a number");
    }
}
