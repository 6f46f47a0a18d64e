//! How well a kernel explains what was observed: the log marginal likelihood with priors, and its gradient.
//!
//! Rasmussen & Williams 2006, eq. 5.8 and 5.9. The search runs over logarithms of length scales, of the signal's and
//! the noise's variance, and over the logit of the additive share; the priors are normal in these. They are centred on
//! functions that vary slowly over the range of a parameter, the more slowly the more parameters there are (Hvarfner,
//! Hellsten & Nardi 2024, "Vanilla Bayesian optimization performs great in high dimensions").

use std::iter;

use super::cholesky::{Cholesky, dot};
use super::kernel::Kernel;
use super::observations::Observations;

/// The least variance of noise, of standardised values: keeps every matrix positive definite, and hides nothing of a
/// smooth function's last steps.
const NOISE_FLOOR: f64 = 1e-8;
/// The length scale at the centre of the prior, for one feature; it grows with the root of their number.
const LENGTH: f64 = 0.5;
/// Standard deviations of the priors, in the coordinates of the search.
const LENGTH_WIDTH: f64 = 1.0;
const SIGNAL_WIDTH: f64 = 0.7;
const NOISE_WIDTH: f64 = 3.0;
const SHARE_WIDTH: f64 = 1.5;
/// The variance of noise at the centre of the prior.
const NOISE: f64 = 1e-5;

/// Coordinates of the search that are no length scale: signal, noise, additive share.
const OTHERS: usize = 3;

/// A point of the search at the prior's centre, but for lengths longer by `e^length` and noise stronger by `e^noise`.
pub(super) fn start(features: usize, length: f64, noise: f64) -> Vec<f64> {
    let mut start = vec![centre_of_lengths(features) + length; features];
    start.extend([0.0, NOISE.ln() + noise, 0.0]);
    start
}

fn centre_of_lengths(features: usize) -> f64 {
    LENGTH.ln() + 0.5 * (features as f64).ln()
}

/// The kernel at a point of the search.
pub(super) fn kernel_at(point: &[f64]) -> Kernel {
    let (lengths, others) = point.split_at(point.len() - OTHERS);
    Kernel {
        inverse_lengths: lengths.iter().map(|l| (-l).exp()).collect(),
        signal: others[0].exp(),
        noise: NOISE_FLOOR + others[1].exp(),
        additive: 1.0 / (1.0 + (-others[2]).exp()),
    }
}

/// Minus the log posterior density of the kernel at a point of the search, up to a constant, and its gradient; infinite
/// where the matrix is not positive definite in doubles.
pub(super) fn loss(observations: &Observations, point: &[f64]) -> (f64, Vec<f64>) {
    let kernel = kernel_at(point);
    let slopes = Slopes::of(observations, &kernel);
    let Some(cholesky) = Cholesky::new(slopes.covariance.clone(), observations.len()) else {
        return (f64::INFINITY, vec![0.0; point.len()]);
    };
    let alpha = cholesky.solve(&observations.values);
    let (prior, mut gradient) = prior(point);
    slopes.accumulate(&cholesky.inverse(), &alpha, &kernel, &mut gradient);
    (0.5 * dot(&alpha, &observations.values) + cholesky.half_log_determinant() + prior, gradient)
}

/// The log marginal likelihood of the observations, without priors (eq. 5.8).
#[cfg(test)]
pub(super) fn log_likelihood(observations: &Observations, kernel: &Kernel) -> Option<f64> {
    let cholesky = Cholesky::new(Slopes::of(observations, kernel).covariance, observations.len())?;
    let fit = dot(&cholesky.solve(&observations.values), &observations.values);
    let constant = 0.5 * observations.len() as f64 * std::f64::consts::TAU.ln();
    Some(-0.5 * fit - cholesky.half_log_determinant() - constant)
}

/// The covariance of the observations and its derivatives.
struct Slopes {
    size: usize,
    /// Lower triangle, row-major in a full square.
    covariance: Vec<f64>,
    /// For each pair (1, 0), (2, 0), (2, 1) ...: by the logarithm of each length, then by the additive share.
    by_pair: Vec<f64>,
    stride: usize,
}

impl Slopes {
    fn of(observations: &Observations, kernel: &Kernel) -> Self {
        let size = observations.len();
        let stride = kernel.inverse_lengths.len() + 1;
        let mut covariance = vec![0.0; size * size];
        let mut by_pair = vec![0.0; stride * (size * size - size) / 2];
        let pairs = observations.pairs().zip(by_pair.chunks_exact_mut(stride));
        for (((i, j), distances), slopes) in pairs {
            let (by_length, by_share) = slopes.split_at_mut(stride - 1);
            (covariance[i * size + j], by_share[0]) = kernel.gradient(distances, by_length);
        }
        for i in 0..size {
            covariance[i * size + i] = kernel.signal + kernel.noise;
        }
        Self { size, covariance, by_pair, stride }
    }

    /// Adds the gradient of the likelihood: half the trace of `(K⁻¹ - α αᵀ) ∂K`, each pair standing in it twice.
    fn accumulate(&self, inverse: &[f64], alpha: &[f64], kernel: &Kernel, gradient: &mut [f64]) {
        let n = self.size;
        let mut sums = vec![0.0; self.stride];
        let mut slopes = self.by_pair.chunks_exact(self.stride);
        let (mut by_signal, mut trace) = (0.0, 0.0);
        for i in 0..n {
            for (j, slopes) in (0..i).zip(&mut slopes) {
                let pull = inverse[i * n + j] - alpha[i] * alpha[j];
                by_signal += pull * self.covariance[i * n + j];
                sums.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += pull * slope);
            }
            trace += inverse[i * n + i] - alpha[i] * alpha[i];
        }
        let (by_length, others) = gradient.split_at_mut(self.stride - 1);
        by_length.iter_mut().zip(&sums).for_each(|(g, sum)| *g += sum);
        others[0] += by_signal + 0.5 * trace * kernel.signal;
        others[1] += 0.5 * trace * (kernel.noise - NOISE_FLOOR);
        others[2] += sums[self.stride - 1] * kernel.additive * (1.0 - kernel.additive);
    }
}

/// Minus the log density of the priors, up to a constant, and its gradient.
fn prior(point: &[f64]) -> (f64, Vec<f64>) {
    let features = point.len() - OTHERS;
    let length = (centre_of_lengths(features), LENGTH_WIDTH);
    let others = [(0.0, SIGNAL_WIDTH), (NOISE.ln(), NOISE_WIDTH), (0.0, SHARE_WIDTH)];
    let priors = iter::repeat_n(length, features).chain(others);
    let scores = point.iter().zip(priors).map(|(x, (centre, width))| ((x - centre) / width, width));
    let (terms, gradient): (Vec<f64>, Vec<f64>) = scores.map(|(z, width)| (0.5 * z * z, z / width)).unzip();
    (terms.iter().sum(), gradient)
}
