//! Lines of the log within a phase.

use std::time::{Duration, Instant};

use crate::Supervisor;

/// The time between two lines.
const LINE: Duration = Duration::from_secs(10);

/// What was measured since the last line.
pub(super) struct LogLines {
    name: &'static str,
    total: usize,
    last: Instant,
    losses: f64,
    steps: usize,
}

impl LogLines {
    pub(super) fn new(name: &'static str, total: usize) -> Self {
        Self { name, total, last: Instant::now(), losses: 0.0, steps: 0 }
    }

    /// Writes a line after step `done`, if one is due.
    pub(super) fn after(&mut self, done: usize, loss: f64, supervisor: &mut dyn Supervisor) {
        self.losses += loss;
        self.steps += 1;
        if self.last.elapsed() < LINE && done < self.total {
            return;
        }
        let (name, total) = (self.name, self.total);
        let mean = self.losses / self.steps as f64;
        let pace = self.steps as f64 / self.last.elapsed().as_secs_f64();
        supervisor.log(&format!("{name}: step {done} of {total}, loss {mean:.4}, {pace:.2} steps/s"));
        (self.last, self.losses, self.steps) = (Instant::now(), 0.0, 0);
    }
}
