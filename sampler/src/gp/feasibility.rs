//! The probability that a point breaks no constraint: a Gaussian process classifier over trials that have a loss and trials
//! that broke a constraint (out of memory, over a limit, diverged).
//!
//! Regression on the labels finds the ratios of the features' lengths. The classifier's evidence finds their overall scale and
//! the signal's variance. Regression without the classifier would be overconfident far from all trials, which is where
//! improvement looks largest. Must not know the loss.

use std::f64::consts::PI;

use super::cholesky::dot;
use super::encoding::Encoding;
use super::evidence::LABELS;
use super::kernel::Kernel;
use super::laplace::{Mode, log_logistic};
use super::observations::{Observations, square};
use super::outlook::Outlook;
use super::posterior;
use crate::real::ln;

/// Only this many trials that broke a constraint are kept, the newest ones. Each half of the losses has the same limit.
const MOST: usize = 60;
/// The signal variance is this value times a power of two.
const SIGNAL: f64 = 8.0;
/// The exponents of two that are tried.
const SIGNAL_STEPS: [i32; 6] = [-2, -1, 0, 1, 2, 3];
/// Standard deviation of the exponent's prior, a normal around 0.
const SIGNAL_WIDTH: f64 = 2.0;
/// The lengths are those of the regression times a power of this ratio.
const LENGTH_RATIO: f64 = 1.6;
/// The exponents of the ratio that are tried.
const LENGTH_STEPS: [i32; 5] = [-2, -1, 0, 1, 2];
/// Standard deviation of the exponent's prior, a normal around 0.
const LENGTH_WIDTH: f64 = 2.0;
/// Added to every variance to keep matrices positive definite.
const JITTER: f64 = 1e-6;

/// A classifier of points.
#[derive(Debug)]
pub(super) struct Feasibility<'a> {
    encoding: &'a Encoding,
    kernel: Kernel,
    observations: Observations,
    /// The latent function far from every trial: the logit of the share of trials that broke no constraint.
    mean: f64,
    mode: Mode,
}

impl<'a> Feasibility<'a> {
    /// `None` while no trial has broken a constraint.
    pub(super) fn of(encoding: &'a Encoding, outlook: &Outlook) -> Option<Self> {
        if outlook.broken.is_empty() {
            return None;
        }
        let broken = &outlook.broken[outlook.broken.len().saturating_sub(MOST)..];
        let rows: Vec<Vec<f64>> = outlook.rows.iter().chain(broken).cloned().collect();
        let labels = (0..rows.len()).map(|i| if i < outlook.rows.len() { 1.0 } else { -1.0 }).collect();
        let observations = Observations::new(encoding, rows, labels);
        let mean = ln((outlook.rows.len() as f64 + 1.0) / (broken.len() as f64 + 1.0));
        let fitted = observations.representatives(encoding);
        let kernel = most_probable(encoding, &fitted, mean)?;
        Self::given(encoding, kernel, observations, mean)
    }

    /// The classifier with this kernel.
    pub(super) fn given(
        encoding: &'a Encoding,
        kernel: Kernel,
        observations: Observations,
        mean: f64,
    ) -> Option<Self> {
        let mode = mode(&kernel, &observations, mean)?;
        Some(Self { encoding, kernel, observations, mean, mode })
    }

    #[cfg(test)]
    pub(super) fn log_evidence(&self) -> f64 {
        self.mode.log_evidence
    }

    /// Mean and variance of the latent function at a row of features.
    pub(super) fn latent(&self, row: &[f64]) -> (f64, f64) {
        let distances = self.observations.distances_to(self.encoding, row);
        let covariances = self.kernel.covariances(&distances, self.observations.len());
        let mean = self.mean + dot(&covariances, &self.mode.slopes);
        (mean, (self.kernel.signal - self.mode.explained(covariances)).max(0.0))
    }

    /// The logarithm of the probability that a point with this row of features breaks no constraint: the logistic
    /// averaged over a normal, by MacKay's approximation (1992, "The evidence framework applied to classification
    /// networks", eq. 10).
    pub(super) fn log_probability(&self, row: &[f64]) -> f64 {
        let (mean, variance) = self.latent(row);
        log_logistic(mean / (1.0 + PI * variance / 8.0).sqrt())
    }
}

/// The most probable of the kernels that are tried.
fn most_probable(encoding: &Encoding, observations: &Observations, mean: f64) -> Option<Kernel> {
    let base = posterior::most_probable_kernel(encoding, observations, LABELS)?;
    let tried = SIGNAL_STEPS.iter().flat_map(|&s| LENGTH_STEPS.iter().map(move |&l| (s, l)));
    let scored = tried.filter_map(|(s, l)| {
        let shorter = LENGTH_RATIO.powi(-l);
        let kernel = Kernel {
            inverse_lengths: base.inverse_lengths.iter().map(|inverse| inverse * shorter).collect(),
            signal: SIGNAL * 2.0_f64.powi(s),
            ..base
        };
        let (s, l) = (f64::from(s) / SIGNAL_WIDTH, f64::from(l) / LENGTH_WIDTH);
        let evidence = mode(&kernel, observations, mean)?.log_evidence;
        Some((evidence - 0.5 * (s * s + l * l), kernel))
    });
    // Among equals, the first one stays.
    scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, kernel)| kernel)
}

fn mode(kernel: &Kernel, observations: &Observations, mean: f64) -> Option<Mode> {
    let size = observations.len();
    let by_pair = kernel.covariances(&observations.distances, observations.pairs());
    let mut covariance = square(&by_pair, size, kernel.signal + JITTER);
    for i in 0..size {
        for j in 0..i {
            covariance[j * size + i] = covariance[i * size + j];
        }
    }
    Mode::of(&covariance, &observations.values, mean)
}
