//! A trial: as a sampler is shown it, and as a point of the space.
//!
//! Knows nothing of the other trials, nor of how a suggestion is made.

use crate::tried::{Coordinates, Tried};

/// A trial as a sampler is shown it.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// Its number in the study.
    pub number: u32,
    /// Its parameters.
    pub params: Tried,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// It ran to its end, by patience or by its last epoch: the objective of its best epoch.
    Completed(f64),
    /// A cross-trial pruner ended it.
    Pruned {
        /// The last step that it reported.
        step: u32,
        /// The objective at that step; `None` where it never reported.
        value: Option<f64>,
    },
    /// It broke a constraint: out of memory, over a limit, diverged.
    Infeasible {
        /// By how much, above 0; 1 where that is not known.
        violation: f64,
    },
    /// It is waiting or running.
    Pending,
}

impl Outcome {
    /// Whether the trial has ended.
    pub const fn is_finished(&self) -> bool {
        !matches!(self, Self::Pending)
    }
}

/// A trial as a point of the space.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) number: u32,
    pub(crate) outcome: Outcome,
    pub(crate) coordinates: Coordinates,
}
