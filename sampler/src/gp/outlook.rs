//! Trials as a Gaussian process takes them: standardised losses, in which large ones are compressed; trials that broke a
//! constraint; pending trials.
//!
//! Knows no kernel.

use pedigree_protocol::objective::Goal;

use super::encoding::Encoding;
use crate::real::ln_1p;
use crate::sampler::Ask;
use crate::trial::{Outcome, Seen};

/// A process gets at most this many losses, because its cost grows with the cube of their number: half of them are the best,
/// half are the newest of the others.
const MOST: usize = 120;

/// The visible trials, grouped by what the model does with them.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// Trials that have a loss, and the losses: lower is better.
    pub(super) rows: Vec<Vec<f64>>,
    pub(super) losses: Vec<f64>,
    /// Trials that broke a constraint, or whose value is no number.
    pub(super) broken: Vec<Vec<f64>>,
    /// Trials that are waiting or running.
    pub(super) pending: Vec<Vec<f64>>,
}

impl Outlook {
    pub(super) fn of(ask: &Ask<'_>, encoding: &Encoding) -> Self {
        let trials: Vec<&Seen> = ask.view.trials().collect();
        let mut completed: Vec<f64> = trials.iter().filter_map(|t| completed(t, ask.goal)).collect();
        completed.sort_by(f64::total_cmp);
        let median = completed.get(completed.len() / 2).copied();
        let mut outlook = Self::default();
        for trial in trials {
            let row = encoding.row(&trial.coordinates);
            let loss = match trial.outcome {
                Outcome::Pending => {
                    outlook.pending.push(row);
                    continue;
                }
                // It was pruned because it was behind, so it counts as no better than the median.
                Outcome::Pruned { value, .. } => {
                    let last = value.map_or(f64::NEG_INFINITY, |v| as_loss(v, ask.goal));
                    median.map(|median| median.max(last)).filter(|loss| loss.is_finite())
                }
                _ => self::completed(trial, ask.goal),
            };
            match loss {
                Some(loss) => outlook.push(row, loss),
                None => outlook.broken.push(row),
            }
        }
        outlook.bounded()
    }

    fn push(&mut self, row: Vec<f64>, loss: f64) {
        self.rows.push(row);
        self.losses.push(loss);
    }

    fn bounded(self) -> Self {
        if self.losses.len() <= MOST {
            return self;
        }
        let mut order: Vec<usize> = (0..self.losses.len()).collect();
        order.sort_by(|&a, &b| self.losses[a].total_cmp(&self.losses[b]));
        order[MOST / 2..].sort_by(|a, b| b.cmp(a));
        order.truncate(MOST);
        order.sort_unstable();
        let rows = order.iter().map(|&i| self.rows[i].clone()).collect();
        let losses = order.iter().map(|&i| self.losses[i]).collect();
        Self { rows, losses, ..self }
    }
}

fn as_loss(value: f64, goal: Goal) -> f64 {
    match goal {
        Goal::Maximize => -value,
        Goal::Minimize => value,
    }
}

/// The loss of a completed trial; `None` where it is no number.
fn completed(trial: &Seen, goal: Goal) -> Option<f64> {
    match trial.outcome {
        Outcome::Completed(value) if value.is_finite() => Some(as_loss(value, goal)),
        _ => None,
    }
}

/// Losses with mean 0 and standard deviation 1. Losses above the median are compressed first: `m + s ln(1 + (x - m)/s)`,
/// where `m` is the median and `s` its distance from the best loss. Otherwise one diverged training would set the scale.
pub(super) fn standardise(losses: &[f64]) -> Vec<f64> {
    let mut sorted = losses.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    let scale = median - sorted[0];
    let draw_in =
        |x: f64| if x > median && scale > 0.0 { median + scale * ln_1p((x - median) / scale) } else { x };
    let drawn: Vec<f64> = losses.iter().map(|&x| draw_in(x)).collect();
    let count = drawn.len() as f64;
    let mean = drawn.iter().sum::<f64>() / count;
    let variance = drawn.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    // Equal losses stay at 0.
    let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
    drawn.iter().map(|x| (x - mean) / deviation).collect()
}
