//! Linear warm-up, then cosine to zero, per optimiser step.

/// The curve of one training, fixed at its start: early stopping does not change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schedule {
    warmup: usize,
    total: usize,
}

impl Schedule {
    /// Warm-up takes round(`ratio` * `total`) steps.
    pub(crate) fn new(total: usize, ratio: f64) -> Self {
        // Python's round, which the reference uses, takes halves to the even neighbour.
        Self { warmup: (ratio * total as f64).round_ties_even() as usize, total }
    }

    /// Warm-up takes `warmup` steps.
    pub(crate) fn with_warmup(total: usize, warmup: usize) -> Self {
        Self { warmup, total }
    }

    /// The factor of optimiser step `step`, from 0. With a warm-up the first step has rate 0.
    pub(crate) fn factor(self, step: usize) -> f64 {
        if step < self.warmup {
            return step as f64 / self.warmup as f64;
        }
        let share = (step - self.warmup) as f64 / (self.total - self.warmup).max(1) as f64;
        (0.5 * (1.0 + (std::f64::consts::PI * share).cos())).max(0.0)
    }

    /// All steps.
    pub(crate) fn total(self) -> usize {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_at_zero_peaks_after_warm_up_and_ends_near_zero() {
        let curve = Schedule::new(40, 0.1);
        assert_eq!(curve.factor(0), 0.0);
        assert_eq!(curve.factor(4), 1.0);
        assert!((curve.factor(16) - 0.75).abs() < 1e-12);
        assert!(curve.factor(39) < 0.01);
        assert_eq!(Schedule::new(10, 0.0).factor(0), 1.0);
        assert_eq!(curve.total(), 40);
    }
}
