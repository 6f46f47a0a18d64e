//! When training has stopped getting better.

use serde::{Deserialize, Serialize};

/// The best epoch so far, and the patience left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct EarlyStop {
    patience: usize,
    best: Option<(usize, f64)>,
}

impl EarlyStop {
    pub(super) fn new(patience: usize) -> Self {
        Self { patience, best: None }
    }

    /// Adds an epoch's score; true when it is the best so far. A tie keeps the earlier epoch.
    pub(super) fn improves(&mut self, epoch: usize, score: f64) -> bool {
        let better = self.best.is_none_or(|(_, best)| score > best);
        if better {
            self.best = Some((epoch, score));
        }
        better
    }

    /// Whether patience has run out after `epoch`.
    pub(super) fn exhausted(self, epoch: usize) -> bool {
        self.best.is_some_and(|(best, _)| epoch - best >= self.patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_keep_the_earlier_and_patience_counts_from_the_best() {
        let mut stop = EarlyStop::new(2);
        assert!(stop.improves(1, 0.0));
        assert!(!stop.improves(2, 0.0) && !stop.exhausted(2));
        assert!(stop.improves(3, 0.5) && !stop.exhausted(3));
        assert!(!stop.improves(4, 0.4) && !stop.exhausted(4));
        assert!(!stop.improves(5, 0.5) && stop.exhausted(5));
    }
}
