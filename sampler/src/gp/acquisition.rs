//! The score of a point: the logarithm of expected improvement, times what a noisy trial there can teach, times the
//! probability that the point breaks no constraint.
//!
//! Feasibility counts once some trial has broken a constraint. Far from the incumbent, where nobody tried anything because
//! it does not fit, improvement looks larger by orders of magnitude than what is left to gain nearby. If the probability
//! were only a factor, most trials would fail in the end. So a point that probably fails is a last resort.

use super::encoding::Encoding;
use super::feasibility::Feasibility;
use super::improvement::log_expected_improvement;
use super::observations::Observations;
use super::outlook::{Outlook, standardise};
use super::posterior::Posterior;
use crate::real::ln;

/// Losses that a process needs.
const FEWEST: usize = 2;
/// The least probability of breaking no constraint that a point may have.
const LIKELY: f64 = 0.7;
/// The cost of each e-fold of probability below that; log improvements differ by some tens at most.
const RELUCTANCE: f64 = 200.0;

/// The processes of one question.
#[derive(Debug)]
pub(super) struct Acquisition<'a> {
    encoding: &'a Encoding,
    losses: Posterior<'a>,
    feasible: Option<Feasibility<'a>>,
    /// The loss to improve on, standardised.
    incumbent: f64,
}

impl<'a> Acquisition<'a> {
    /// `None` while there are too few losses, or where no kernel can be fitted.
    pub(super) fn of(encoding: &'a Encoding, outlook: Outlook) -> Option<Self> {
        if outlook.losses.len() < FEWEST {
            return None;
        }
        let feasible = Feasibility::of(encoding, &outlook);
        let values = standardise(&outlook.losses);
        let losses = Posterior::fit(encoding, Observations::new(encoding, outlook.rows, values))?;
        // The incumbent includes what pending trials are expected to reach; otherwise all workers try the same place.
        let losses = losses.believing(outlook.pending)?;
        let incumbent = losses.least_expected();
        Some(Self { encoding, losses, feasible, incumbent })
    }

    /// The score of a point with these coordinates.
    pub(super) fn score(&self, coordinates: &[Option<f64>]) -> f64 {
        let row = self.encoding.row(coordinates);
        let (mean, deviation) = self.losses.at(&row);
        let improvement = log_expected_improvement(mean, deviation, self.incumbent);
        let learned = log_share_learned(deviation * deviation, self.losses.noise());
        improvement + learned + self.feasible.as_ref().map_or(0.0, |feasible| weight(feasible, &row))
    }

    /// The standardised loss that is expected at a point with these coordinates.
    pub(super) fn expected_loss(&self, coordinates: &[Option<f64>]) -> f64 {
        self.losses.mean(&self.encoding.row(coordinates))
    }
}

/// ln(1 - √(noise/(variance + noise))): the share of the truth that a noisy trial reveals. Without this factor, a process
/// with noise would repeat the incumbent for ever (augmented expected improvement; Huang, Allen, Notz & Zeng 2006, "Global
/// optimization of stochastic black-box systems", eq. 12).
fn log_share_learned(variance: f64, noise: f64) -> f64 {
    let total = variance + noise;
    // 1 - √(noise/total) without its cancellation.
    ln(variance / (total + (noise * total).sqrt()))
}

/// The logarithm of the factor for feasibility: the probability that the trial has a loss at all, less the cost of an
/// unlikely one.
fn weight(feasible: &Feasibility<'_>, row: &[f64]) -> f64 {
    let log_probability = feasible.log_probability(row);
    log_probability + RELUCTANCE * (log_probability - ln(LIKELY)).min(0.0)
}
