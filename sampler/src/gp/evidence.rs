//! How well a kernel explains what was observed: the log marginal likelihood with priors, and its gradient.
//!
//! Rasmussen & Williams 2006, eq. 5.8 and 5.9. The search runs over logarithms of length scales, of the signal's and
//! the noise's variance, and over the logit of the additive share; the priors are normal in these. They are centred on
//! functions that vary slowly over the range of a parameter, and more slowly with more parameters (Hvarfner, Hellsten &
//! Nardi 2024, "Vanilla Bayesian optimization performs great in high dimensions").

use std::iter;

use super::cholesky::{Cholesky, dot};
use super::kernel::{Kernel, Slopes};
use super::observations::{Observations, square};
use crate::real::{exp, ln};

/// The least noise variance of standardised values. It keeps every matrix positive definite, and is too small to hide the
/// last steps on a smooth function.
const NOISE_FLOOR: f64 = 1e-8;
/// The length scale at the centre of the prior for a single feature. It grows with the root of the number of features.
const LENGTH: f64 = 0.5;
/// Standard deviations of the priors, in the coordinates of the search.
const LENGTH_WIDTH: f64 = 1.0;
const SIGNAL_WIDTH: f64 = 0.7;
const SHARE_WIDTH: f64 = 1.5;

/// What is expected of the noise before any value is seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoisePrior {
    /// The variance at the centre.
    centre: f64,
    /// The standard deviation of its logarithm.
    width: f64,
    /// The second search for a kernel starts with `e^louder` times the noise.
    pub(super) louder: f64,
}

/// For standardised losses.
pub(super) const LOSSES: NoisePrior = NoisePrior { centre: 1e-5, width: 3.0, louder: 6.9 };
/// For labels +1 and -1, which a smooth function cannot fit where they change.
pub(super) const LABELS: NoisePrior = NoisePrior { centre: 0.1, width: 1.0, louder: 1.38 };

/// Noise is believed only where it adds this much to the log likelihood: half the 95 % quantile of χ² with one degree of
/// freedom (a likelihood-ratio test).
const SIGNIFICANT: f64 = 1.92;

/// Coordinates of the search that are not length scales: signal, noise, additive share.
const OTHERS: usize = 3;

/// A start of the search: the prior's centre, with `e^length` times its lengths and `e^noise` times its noise.
pub(super) fn start(features: usize, prior: NoisePrior, length: f64, noise: f64) -> Vec<f64> {
    let mut start = vec![centre_of_lengths(features) + length; features];
    start.extend([0.0, ln(prior.centre) + noise, 0.0]);
    start
}

fn centre_of_lengths(features: usize) -> f64 {
    ln(LENGTH) + 0.5 * ln(features as f64)
}

/// The kernel at a point of the search.
pub(super) fn kernel_at(point: &[f64]) -> Kernel {
    let (lengths, others) = point.split_at(point.len() - OTHERS);
    Kernel {
        inverse_lengths: lengths.iter().map(|l| exp(-l)).collect(),
        signal: exp(others[0]),
        noise: NOISE_FLOOR + exp(others[1]),
        additive: 1.0 / (1.0 + exp(-others[2])),
    }
}

/// Minus the log posterior density of the kernel at a point of the search, up to a constant, and its gradient; infinite
/// where the matrix is not positive definite in doubles.
pub(super) fn loss(observations: &Observations, noise: NoisePrior, point: &[f64]) -> (f64, Vec<f64>) {
    let kernel = kernel_at(point);
    let slopes = kernel.slopes(&observations.distances, observations.pairs());
    let covariance = square(&slopes.covariances, observations.len(), kernel.signal + kernel.noise);
    let Some(cholesky) = Cholesky::new(covariance, observations.len()) else {
        return (f64::INFINITY, vec![0.0; point.len()]);
    };
    let alpha = cholesky.solve(&observations.values);
    let (prior, mut gradient) = prior(noise, point);
    accumulate(&slopes, &cholesky.inverse(), &alpha, &kernel, &mut gradient);
    (0.5 * dot(&alpha, &observations.values) + cholesky.half_log_determinant() + prior, gradient)
}

/// The log marginal likelihood of the observations, without priors (eq. 5.8).
pub(super) fn log_likelihood(observations: &Observations, kernel: &Kernel) -> Option<f64> {
    let by_pair = kernel.covariances(&observations.distances, observations.pairs());
    let covariance = square(&by_pair, observations.len(), kernel.signal + kernel.noise);
    let cholesky = Cholesky::new(covariance, observations.len())?;
    let fit = dot(&cholesky.solve(&observations.values), &observations.values);
    let constant = 0.5 * observations.len() as f64 * ln(std::f64::consts::TAU);
    Some(-0.5 * fit - cholesky.half_log_determinant() - constant)
}

/// The kernel with the least noise in place of its own, unless the observations show noise. Where they say nothing, the most
/// probable noise is the prior's, which would hide what is left to learn near the optimum of a smooth function.
pub(super) fn without_doubtful_noise(observations: &Observations, kernel: Kernel) -> Kernel {
    let quiet = Kernel { noise: NOISE_FLOOR, ..kernel.clone() };
    let likelihood = |kernel: &Kernel| log_likelihood(observations, kernel).unwrap_or(f64::NEG_INFINITY);
    if likelihood(&kernel) - likelihood(&quiet) < SIGNIFICANT { quiet } else { kernel }
}

/// Adds the gradient of the likelihood: half the trace of `(K⁻¹ - α αᵀ) ∂K`, in which each pair counts twice.
fn accumulate(slopes: &Slopes, inverse: &[f64], alpha: &[f64], kernel: &Kernel, gradient: &mut [f64]) {
    let n = alpha.len();
    let (mut pulls, mut trace) = (Vec::with_capacity(slopes.covariances.len()), 0.0);
    for (row, (i, own)) in inverse.chunks_exact(n.max(1)).zip(alpha.iter().enumerate()) {
        pulls.extend(row[..i].iter().zip(alpha).map(|(inverse, other)| inverse - own * other));
        trace += row[i] - own * own;
    }
    let (by_length, others) = gradient.split_at_mut(kernel.inverse_lengths.len());
    let columns = slopes.by_length.chunks_exact(pulls.len().max(1));
    by_length.iter_mut().zip(columns).for_each(|(gradient, column)| *gradient += dot(&pulls, column));
    others[0] += dot(&pulls, &slopes.covariances) + 0.5 * trace * kernel.signal;
    others[1] += 0.5 * trace * (kernel.noise - NOISE_FLOOR);
    others[2] += dot(&pulls, &slopes.by_share) * kernel.additive * (1.0 - kernel.additive);
}

/// Minus the log density of the priors, up to a constant, and its gradient.
fn prior(noise: NoisePrior, point: &[f64]) -> (f64, Vec<f64>) {
    let features = point.len() - OTHERS;
    let length = (centre_of_lengths(features), LENGTH_WIDTH);
    let others = [(0.0, SIGNAL_WIDTH), (ln(noise.centre), noise.width), (0.0, SHARE_WIDTH)];
    let priors = iter::repeat_n(length, features).chain(others);
    let scores = point.iter().zip(priors).map(|(x, (centre, width))| ((x - centre) / width, width));
    let (terms, gradient): (Vec<f64>, Vec<f64>) = scores.map(|(z, width)| (0.5 * z * z, z / width)).unzip();
    (terms.iter().sum(), gradient)
}
