//! What the reports of one write add up to.

use pedigree_protocol::objective::Goal;

/// What reports add to the columns of their run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tally {
    pub(crate) epochs: i32,
    /// The best value under the study's metric.
    pub(crate) best: Option<f64>,
}

impl Tally {
    pub(crate) const NONE: Self = Self { epochs: 0, best: None };

    /// The sum of both.
    pub(crate) fn and(self, other: Self, goal: Goal) -> Self {
        let better = if goal == Goal::Maximize { f64::max } else { f64::min };
        let best = match (self.best, other.best) {
            (Some(one), Some(other)) => Some(better(one, other)),
            (one, other) => one.or(other),
        };
        Self { epochs: self.epochs + other.epochs, best }
    }
}
