//! The verdict of a study's pruner on one trial.

use pedigree_protocol::objective::Goal;
use pedigree_protocol::pruner::Pruner;

use super::track::Track;
use super::{halving, patient, percentile, threshold, wilcoxon};

/// Why the trial should end here, as a sentence; `None` where it should go on. `others` are the study's other trials, in
/// any order. A trial without a report always goes on.
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
        Pruner::Threshold { lower, upper, warmup_steps } => {
            threshold::decide(*lower, *upper, *warmup_steps, trial)
        }
        Pruner::Patient { patience, min_delta, pruner } => {
            let stalled = patient::stalled(*patience, *min_delta, goal, trial)?;
            if **pruner == Pruner::None {
                return Some(stalled);
            }
            decide(pruner, goal, trial, others).map(|why| format!("{stalled}, and {why}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::track::tests::track;
    use super::*;

    #[test]
    fn the_pruner_that_patience_wraps_has_the_last_word() {
        let low = Pruner::Threshold { lower: Some(0.3), upper: None, warmup_steps: 0 };
        let patient = |pruner| Pruner::Patient { patience: 0, min_delta: 0.0, pruner: Box::new(pruner) };
        let ask = |pruner: &Pruner, values: &[f64]| decide(pruner, Goal::Maximize, &track(1, values), &[]);
        let wrapped = patient(low);
        assert_eq!(ask(&wrapped, &[0.1]), None);
        assert_eq!(ask(&wrapped, &[0.5, 0.4]), None);
        let both = "no improvement on 0.5000 for 1 epochs, and 0.2000 at epoch 2 is below 0.3";
        assert_eq!(ask(&wrapped, &[0.5, 0.2]).as_deref(), Some(both));
        let alone = ask(&patient(Pruner::None), &[0.5, 0.4]);
        assert_eq!(alone.as_deref(), Some("no improvement on 0.5000 for 1 epochs"));
    }
}
