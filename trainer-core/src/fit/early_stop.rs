//! Which epoch is the best, and when training has stopped getting better. Both follow from the reports, so that a resumed
//! training decides as an undisturbed one.

use crate::{EpochMetrics, ScoringProtocol};

/// Where the epochs so far stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// The epoch of the best dev score. A tie goes to the lower dev loss, and then to the earlier epoch.
    pub(super) best: usize,
    /// The first epoch that had this score. Patience counts from here: a lower loss at the same score is no better score.
    reached: usize,
}

impl Standing {
    /// After these reports; `None` before the first.
    pub(super) fn after(reports: &[EpochMetrics], objective: ScoringProtocol) -> Option<Self> {
        let score = |report: &EpochMetrics| report.dev.under(objective).f1;
        let highest = reports.iter().map(score).max_by(f64::total_cmp)?;
        let mut tied = reports.iter().filter(|report| score(report) == highest);
        let reached = tied.clone().next()?.epoch;
        // The first of equal losses.
        let first = tied.next()?;
        let best =
            tied.fold(first, |best, report| if report.dev_loss < best.dev_loss { report } else { best });
        Some(Self { best: best.epoch, reached })
    }

    /// Whether `patience` has run out after `epoch`.
    pub(super) fn is_exhausted(self, epoch: usize, patience: usize) -> bool {
        epoch - self.reached >= patience
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{EntityScore, ProtocolScores};

    /// Epochs with these dev scores (F1 by the strict protocol) and dev losses.
    pub(in crate::fit) fn reports(figures: &[(f64, f64)]) -> Vec<EpochMetrics> {
        let score = |f1| EntityScore {
            precision: f1,
            recall: f1,
            f1,
            true_positives: 0,
            false_positives: 0,
            false_negatives: 0,
        };
        let report = |(at, &(f1, dev_loss)): (usize, &(f64, f64))| EpochMetrics {
            epoch: at + 1,
            step: 1,
            train_loss: 0.0,
            dev_loss,
            dev: ProtocolScores { strict: score(f1), conlleval: score(0.0), subtoken_all: score(0.0) },
            learning_rate: 0.0,
            gradient_norm: 0.0,
            seconds: 0.0,
            train_seconds: 0.0,
            sentences_per_second: 0.0,
            tokens_per_second: 0.0,
            padded_tokens_per_second: 0.0,
            peak_memory_bytes: 0,
            carried: false,
        };
        figures.iter().enumerate().map(report).collect()
    }

    fn standing(figures: &[(f64, f64)]) -> Standing {
        Standing::after(&reports(figures), ScoringProtocol::Strict).unwrap()
    }

    #[test]
    fn ties_go_to_the_lower_loss_and_then_to_the_earlier_epoch() {
        assert_eq!(standing(&[(0.5, 0.3), (0.5, 0.2), (0.5, 0.4)]).best, 2);
        assert_eq!(standing(&[(0.5, 0.3), (0.5, 0.3)]).best, 1);
        assert_eq!(standing(&[(0.5, 0.1), (0.6, 0.9)]).best, 2, "the score comes before the loss");
        assert_eq!(Standing::after(&[], ScoringProtocol::Strict), None);
        let by_conlleval = Standing::after(&reports(&[(0.1, 0.3), (0.9, 0.4)]), ScoringProtocol::Conlleval);
        assert_eq!(by_conlleval.unwrap().best, 1, "both are tied at 0 there");
    }

    #[test]
    fn patience_counts_from_the_first_epoch_with_the_best_score() {
        let figures = [(0.0, 0.9), (0.5, 0.5), (0.5, 0.4), (0.4, 0.3), (0.5, 0.2)];
        let exhausted: Vec<bool> =
            (1..=figures.len()).map(|epoch| standing(&figures[..epoch]).is_exhausted(epoch, 2)).collect();
        assert_eq!(exhausted, [false, false, false, true, true]);
        assert_eq!(standing(&figures).best, 5);
    }
}
