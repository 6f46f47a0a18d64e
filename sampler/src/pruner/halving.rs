//! Asynchronous successive halving, and Hyperband, which runs several halvings side by side.
//!
//! ASHA: Li et al., arXiv:1810.05934; Hyperband: Li et al., arXiv:1603.06560; details after Optuna's pruners. A rung
//! stands at `min * reduction^k` epochs; a trial's value there is that of its first report at or after it.

use pedigree_protocol::objective::Goal;

use super::track::{Track, is_better, order};

/// The rungs of a halving.
#[derive(Debug, Clone, Copy)]
struct Ladder {
    first: u32,
    reduction: u32,
}

impl Ladder {
    /// The step of a rung; `None` where it is too large for a step.
    fn step(self, rung: u32) -> Option<u32> {
        self.first.checked_mul(self.reduction.checked_pow(rung)?)
    }

    /// The value with which a trial reached a rung.
    fn value(self, trial: &Track, rung: u32) -> Option<f64> {
        trial.reports.range(self.step(rung)?..).next().map(|(_, value)| *value)
    }

    /// The rungs that the newest report reached.
    fn reached(self, trial: &Track) -> impl Iterator<Item = u32> {
        let last = trial.last().map(|(step, _)| step);
        let before = trial.step_before_last();
        let step = move |rung: &u32| self.step(*rung);
        (0..)
            .take_while(move |rung| step(rung).is_some_and(|s| last.is_some_and(|last| s <= last)))
            .filter(move |rung| before.is_none_or(|before| step(rung).is_some_and(|s| s > before)))
    }

    /// Prunes unless the trial is among the best at each rung that it has just reached.
    fn decide(self, goal: Goal, trial: &Track, rivals: &[&Track]) -> Option<String> {
        self.reached(trial).find_map(|rung| self.falls(rung, goal, trial, rivals))
    }

    fn falls(self, rung: u32, goal: Goal, trial: &Track, rivals: &[&Track]) -> Option<String> {
        let own = self.value(trial, rung)?;
        let step = self.step(rung)?;
        if own.is_nan() {
            return Some(format!("the value at rung {rung} (epoch {step}) is no number"));
        }
        let mut values: Vec<f64> = rivals.iter().filter_map(|rival| self.value(rival, rung)).collect();
        values.push(own);
        values.sort_by(|a, b| order(*a, *b, goal));
        let going_on = (values.len() / self.reduction as usize).max(1);
        let bar = values[going_on - 1];
        is_better(bar, own, goal).then(|| {
            format!(
                "{own:.4} at rung {rung} (epoch {step}) is not among the best {going_on} of {} ({bar:.4})",
                values.len()
            )
        })
    }
}

/// One ladder for all trials.
pub(super) fn asha(
    min_epochs: Option<u32>,
    reduction: u32,
    goal: Goal,
    trial: &Track,
    others: &[Track],
) -> Option<String> {
    let first = match min_epochs {
        Some(min_epochs) => min_epochs,
        None => (longest(others)? / 100).max(1),
    };
    Ladder { first, reduction }.decide(goal, trial, &others.iter().collect::<Vec<_>>())
}

/// A ladder for each bracket; trials compete within their bracket.
pub(super) fn hyperband(
    min_epochs: u32,
    max_epochs: Option<u32>,
    reduction: u32,
    goal: Goal,
    trial: &Track,
    others: &[Track],
) -> Option<String> {
    let max_epochs = max_epochs.or_else(|| longest(others))?;
    let brackets = brackets(min_epochs, max_epochs, reduction);
    let own = bracket(trial.number, brackets, reduction);
    let rivals: Vec<&Track> =
        others.iter().filter(|other| bracket(other.number, brackets, reduction) == own).collect();
    let first = min_epochs.checked_mul(reduction.checked_pow(own)?)?;
    Ladder { first, reduction }.decide(goal, trial, &rivals)
}

/// Epochs of the longest completed trial.
fn longest(others: &[Track]) -> Option<u32> {
    let completed = others.iter().filter(|other| other.completed.is_some());
    completed.filter_map(|other| other.last().map(|(step, _)| step)).max()
}

/// floor(log_reduction(max / min)) + 1, in whole numbers.
fn brackets(min: u32, max: u32, reduction: u32) -> u32 {
    let mut brackets = 1;
    let mut step = min;
    while let Some(next) = step.checked_mul(reduction).filter(|next| *next <= max) {
        (step, brackets) = (next, brackets + 1);
    }
    brackets
}

/// The bracket of a trial. Numbers are dealt in turn, to each bracket ceil(n * reduction^s / (s + 1)) of them, with
/// s = n - 1 - bracket. (Optuna deals by a hash of the study's name.)
fn bracket(number: u32, brackets: u32, reduction: u32) -> u32 {
    let share = |bracket: u32| {
        let s = brackets - 1 - bracket;
        (u64::from(brackets) * u64::from(reduction).pow(s)).div_ceil(u64::from(s) + 1)
    };
    let total: u64 = (0..brackets).map(share).sum();
    let mut place = u64::from(number) % total;
    for bracket in 0..brackets {
        match place.checked_sub(share(bracket)) {
            Some(rest) => place = rest,
            None => return bracket,
        }
    }
    brackets - 1
}

#[cfg(test)]
mod tests {
    use super::super::track::tests::{completed, track};
    use super::*;

    const GOAL: Goal = Goal::Maximize;

    fn prunes(values: &[f64], others: &[Track]) -> bool {
        asha(Some(1), 2, GOAL, &track(9, values), others).is_some()
    }

    #[test]
    fn the_better_half_of_a_rung_goes_on() {
        let others = [track(1, &[0.1, 0.5]), track(2, &[0.2]), track(3, &[0.3, 0.4])];
        // Rung 0 (epoch 1): 0.3, 0.2, 0.1 and its own; two of four go on.
        assert!(prunes(&[0.15], &others) && !prunes(&[0.25], &others));
        // Of three, one goes on.
        assert!(prunes(&[0.25], &others[1..]) && !prunes(&[0.35], &others[1..]));
        // Rung 1 (epoch 2): 0.5, 0.4 and its own; one of three goes on, whatever rung 0 said.
        assert!(prunes(&[0.9, 0.45], &others) && !prunes(&[0.9, 0.55], &others));
        // Rung 2 stands at epoch 4: epoch 3 reaches none.
        assert!(!prunes(&[0.9, 0.9, 0.0], &others));
        // The first of a rung goes on.
        assert!(!prunes(&[0.9, 0.9, 0.9, 0.0], &others) && !prunes(&[0.0], &[]));
        assert!(prunes(&[f64::NAN], &[]));
    }

    #[test]
    fn the_automatic_first_rung_waits_for_a_completed_trial() {
        let auto = |others: &[Track]| asha(None, 2, GOAL, &track(9, &[0.1]), others);
        assert_eq!(auto(&[track(1, &[0.9])]), None);
        let sentence = auto(&[completed(1, &[0.9, 0.8])]).unwrap();
        assert_eq!(sentence, "0.1000 at rung 0 (epoch 1) is not among the best 1 of 2 (0.9000)");
        // A hundredth of 300 epochs.
        assert_eq!(auto(&[completed(1, &[0.9; 300])]), None);
    }

    #[test]
    fn brackets_by_hand() {
        // 1, 3, 9: three brackets; 1, 3, 9, 27: four.
        assert_eq!(
            [brackets(1, 9, 3), brackets(1, 26, 3), brackets(1, 27, 3), brackets(5, 5, 2)],
            [3, 3, 4, 1]
        );
        // Shares: s = 2: ceil(3 * 9 / 3) = 9; s = 1: ceil(3 * 3 / 2) = 5; s = 0: 3. Seventeen in turn.
        let dealt: Vec<u32> = (0..18).map(|number| bracket(number, 3, 3)).collect();
        assert_eq!(dealt, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 0]);
    }

    #[test]
    fn trials_compete_within_their_bracket() {
        let ask = |number, values: &[f64], others: &[Track]| {
            hyperband(1, Some(9), 3, GOAL, &track(number, values), others).is_some()
        };
        let rival = track(1, &[0.9, 0.9, 0.9]);
        assert!(ask(2, &[0.1], std::slice::from_ref(&rival)));
        // Number 10 is in bracket 1: its first rung stands at epoch 3, and nobody else is there.
        assert!(!ask(10, &[0.1], std::slice::from_ref(&rival)));
        assert!(!ask(10, &[0.1, 0.1, 0.1], std::slice::from_ref(&rival)));
        assert!(ask(10, &[0.1, 0.1, 0.1], &[track(11, &[0.9, 0.9, 0.9])]));
        assert_eq!(hyperband(1, None, 3, GOAL, &track(2, &[0.1]), &[rival]), None);
    }
}
