//! Tabulated learning curves.
//!
//! Owns the tables. Knows nothing of runs.

/// Dev F1 after each epoch as a share of the highest; the last value goes on. Trainings rise fast, as usual, slowly, or fast
/// and then fall behind.
const CURVES: [&[f64]; 4] = [
    &[0.780, 0.910, 0.958, 0.981, 0.992, 1.000, 0.999, 0.998, 0.998, 0.997],
    &[0.610, 0.805, 0.893, 0.937, 0.962, 0.977, 0.987, 0.994, 0.998, 1.000, 0.999, 0.998],
    &[
        0.330, 0.570, 0.715, 0.808, 0.866, 0.905, 0.932, 0.951, 0.966, 0.977, 0.985, 0.991, 0.996, 1.000,
        0.999,
    ],
    &[0.820, 0.940, 0.985, 1.000, 0.996, 0.989, 0.983, 0.978, 0.974, 0.971],
];

/// A training that follows a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    /// Dev F1 of each epoch that is trained.
    pub(super) scores: Vec<f64>,
    /// The best epoch, from 1.
    pub(super) best_epoch: i32,
    pub(super) stopped_early: bool,
}

impl Curve {
    /// The training that reaches `highest` by one of the tables; `which` chooses it, from 0 to 1.
    pub(super) fn new(which: f64, highest: f64, max_epochs: u32, patience: u32) -> Self {
        let table = CURVES[index(which)];
        let (mut scores, mut best, mut best_epoch) = (Vec::new(), f64::MIN, 0);
        for epoch in 1..=max_epochs.max(1) {
            let share = table.get(epoch as usize - 1).or(table.last()).copied().unwrap_or(1.0);
            let score = highest * share;
            scores.push(score);
            if score > best {
                (best, best_epoch) = (score, epoch);
            } else if epoch - best_epoch >= patience.max(1) {
                break;
            }
        }
        let stopped_early = scores.len() < max_epochs as usize;
        Self { scores, best_epoch: i32::try_from(best_epoch).unwrap_or(i32::MAX), stopped_early }
    }

    /// Dev F1 of the best epoch.
    pub(super) fn best(&self) -> f64 {
        self.scores.iter().copied().fold(0.0, f64::max)
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "four tables"
)]
fn index(which: f64) -> usize {
    ((which * CURVES.len() as f64) as usize).min(CURVES.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_training_ends_when_its_patience_does_or_its_epochs() {
        let whole = Curve::new(0.99, 0.8, 20, 3);
        assert_eq!((whole.best_epoch, whole.scores.len(), whole.stopped_early), (4, 7, true));
        assert!((whole.best() - 0.8).abs() < 1e-12);
        let cut = Curve::new(0.6, 0.8, 5, 3);
        assert_eq!((cut.best_epoch, cut.scores.len(), cut.stopped_early), (5, 5, false));
        assert!(cut.best() < 0.8);
    }
}
