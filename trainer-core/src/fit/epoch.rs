//! The sums over one pass of the training windows, and the signs of life within it.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::step::Measured;
use crate::{Supervisor, TrainerEvent};

/// The shortest time between two [`TrainerEvent::Progress`].
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// What an epoch measured so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Pass {
    losses: f64,
    gradient_norms: f64,
    steps: usize,
    /// Real pieces.
    pub(super) pieces: usize,
    /// Pieces computed, padding included.
    #[serde(default)]
    pub(super) computed: usize,
    pub(super) windows: usize,
    pub(super) learning_rate: f64,
    /// Wall seconds of training.
    pub(super) seconds: f64,
}

impl Pass {
    /// Mean over steps.
    pub(super) fn loss(&self) -> f64 {
        self.losses / self.steps.max(1) as f64
    }

    /// Mean over steps, before clipping.
    pub(super) fn gradient_norm(&self) -> f64 {
        self.gradient_norms / self.steps.max(1) as f64
    }

    /// `count` per second of training.
    pub(super) fn per_second(&self, count: usize) -> f64 {
        count as f64 / self.seconds.max(1e-9)
    }

    /// Adds a step on `windows` windows that took `seconds`.
    pub(super) fn add(&mut self, measured: Measured, windows: usize, seconds: f64) {
        self.losses += measured.loss;
        self.gradient_norms += measured.gradient_norm;
        self.learning_rate = measured.learning_rate;
        self.steps += 1;
        self.pieces += measured.pieces;
        self.computed += measured.computed;
        self.windows += windows;
        self.seconds += seconds;
    }
}

/// Sends [`TrainerEvent::Progress`] now and then.
pub(super) struct SignsOfLife {
    last: Instant,
    total_steps: usize,
}

impl SignsOfLife {
    pub(super) fn new(total_steps: usize) -> Self {
        Self { last: Instant::now(), total_steps }
    }

    /// Sends it, unless one was sent a moment ago.
    pub(super) fn after(&mut self, epoch: usize, step: usize, pass: &Pass, supervisor: &mut dyn Supervisor) {
        if self.last.elapsed() < SIGN_OF_LIFE {
            return;
        }
        self.last = Instant::now();
        supervisor.event(TrainerEvent::Progress {
            epoch,
            step,
            total_steps: self.total_steps,
            loss: pass.loss(),
            tokens_per_second: pass.per_second(pass.pieces),
        });
    }
}
