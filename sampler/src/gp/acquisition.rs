//! What a point promises: the logarithm of expected improvement, times what a noisy trial there can teach, times the
//! probability that the point breaks no constraint.
//!
//! Feasibility is a second process over +1 (has a loss) and -1 (broke a constraint), read through a probit; it stands
//! at even odds far from every trial. It joins in when some trial has broken a constraint.

use std::f64::consts::FRAC_1_SQRT_2;

use super::encoding::Encoding;
use super::improvement::log_expected_improvement;
use super::observations::Observations;
use super::outlook::{Outlook, standardise};
use super::posterior::Posterior;
use crate::real::{erfc, ln};

/// Losses before there is a process.
const FEWEST: usize = 2;

/// The processes of one question.
#[derive(Debug)]
pub(super) struct Acquisition<'a> {
    encoding: &'a Encoding,
    losses: Posterior<'a>,
    feasible: Option<Posterior<'a>>,
    /// The loss to improve on, standardised.
    incumbent: f64,
}

impl<'a> Acquisition<'a> {
    /// `None` while there are too few losses, or where no kernel can be fitted.
    pub(super) fn of(encoding: &'a Encoding, outlook: Outlook) -> Option<Self> {
        if outlook.losses.len() < FEWEST {
            return None;
        }
        let feasible = feasibility(encoding, &outlook);
        let values = standardise(&outlook.losses);
        let losses = Posterior::fit(encoding, Observations::new(encoding, outlook.rows, values))?;
        // What is expected of a pending trial has to be improved on too, or all workers go for the same place.
        let losses = losses.believing(outlook.pending)?;
        let incumbent = losses.least_expected();
        Some(Self { encoding, losses, feasible, incumbent })
    }

    /// The logarithm of what a point with these coordinates promises.
    pub(super) fn score(&self, coordinates: &[Option<f64>]) -> f64 {
        let row = self.encoding.row(coordinates);
        let (mean, deviation) = self.losses.at(&row);
        let improvement = log_expected_improvement(mean, deviation, self.incumbent);
        let learned = log_share_learned(deviation * deviation, self.losses.noise());
        improvement
            + learned
            + self.feasible.as_ref().map_or(0.0, |process| log_probability_positive(process, &row))
    }

    /// The standardised loss that is expected at a point with these coordinates.
    pub(super) fn expected_loss(&self, coordinates: &[Option<f64>]) -> f64 {
        self.losses.mean(&self.encoding.row(coordinates))
    }
}

fn feasibility<'a>(encoding: &'a Encoding, outlook: &Outlook) -> Option<Posterior<'a>> {
    if outlook.broken.is_empty() {
        return None;
    }
    let rows: Vec<Vec<f64>> = outlook.rows.iter().chain(&outlook.broken).cloned().collect();
    let labels = (0..rows.len()).map(|i| if i < outlook.rows.len() { 1.0 } else { -1.0 }).collect();
    Posterior::fit(encoding, Observations::new(encoding, rows, labels))
}

/// ln(1 - √(noise/(variance + noise))): what a trial teaches where the noise may hide the rest. Without it the noise that
/// a process allows for makes it worth its while to repeat the incumbent for ever (augmented expected improvement;
/// Huang, Allen, Notz & Zeng 2006, "Global optimization of stochastic black-box systems", eq. 12).
fn log_share_learned(variance: f64, noise: f64) -> f64 {
    let total = variance + noise;
    // 1 - √(noise/total) without its cancellation.
    ln(variance / (total + (noise * total).sqrt()))
}

/// ln Φ(mean / deviation), kept finite.
fn log_probability_positive(process: &Posterior<'_>, row: &[f64]) -> f64 {
    let (mean, deviation) = process.at(row);
    ln((0.5 * erfc(-mean / deviation * FRAC_1_SQRT_2)).max(f64::MIN_POSITIVE))
}
