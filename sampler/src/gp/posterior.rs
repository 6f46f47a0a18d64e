//! What the model expects at a point: a kernel fitted to the observations, and the mean and standard deviation given them.
//!
//! Rasmussen & Williams 2006, algorithm 2.1. A pending trial counts as an observation of the mean that the process expects
//! there (the kriging believer of Ginsbourger, Le Riche & Carraro 2010): this lowers the uncertainty around it and leaves
//! the mean unchanged.

use super::cholesky::{Cholesky, dot};
use super::encoding::Encoding;
use super::evidence::{self, LOSSES, NoisePrior};
use super::kernel::Kernel;
use super::lbfgs;
use super::observations::{Observations, square};

/// The second search for a kernel starts with lengths `e^SHORTER` times those at the priors' centre, and with more noise.
const SHORTER: f64 = -1.0;
/// The most steps of each search for a kernel.
const ITERATIONS: usize = 40;
/// The search ends with a step that gains less than this, in log posterior density.
const TOLERANCE: f64 = 1e-3;
/// The least variance; smaller ones are only rounding.
const LEAST_VARIANCE: f64 = 1e-12;

/// A Gaussian process given observations.
#[derive(Debug)]
pub(super) struct Posterior<'a> {
    encoding: &'a Encoding,
    kernel: Kernel,
    observations: Observations,
    cholesky: Cholesky,
    /// `(K + noise)⁻¹ values`
    weights: Vec<f64>,
}

impl<'a> Posterior<'a> {
    /// The process with the most probable kernel that the searches find, without noise that the observations do not show.
    /// `None` where there are no observations, or where their matrix is not positive definite in doubles.
    pub(super) fn fit(encoding: &'a Encoding, observations: Observations) -> Option<Self> {
        let fitted = observations.representatives(encoding);
        let kernel = most_probable_kernel(encoding, &fitted, LOSSES)?;
        Self::given(encoding, evidence::without_doubtful_noise(&fitted, kernel), observations)
    }

    /// The process with this kernel.
    pub(super) fn given(encoding: &'a Encoding, kernel: Kernel, observations: Observations) -> Option<Self> {
        let by_pair = kernel.covariances(&observations.distances, observations.pairs());
        let covariance = square(&by_pair, observations.len(), kernel.signal + kernel.noise);
        let cholesky = Cholesky::new(covariance, observations.len())?;
        let weights = cholesky.solve(&observations.values);
        Some(Self { encoding, kernel, observations, cholesky, weights })
    }

    /// The same process after observing these rows with the values that it expects of them.
    pub(super) fn believing(self, rows: Vec<Vec<f64>>) -> Option<Self> {
        if rows.is_empty() {
            return Some(self);
        }
        let expected: Vec<f64> = rows.iter().map(|row| self.mean(row)).collect();
        let mut all = self.observations.rows;
        let mut values = self.observations.values;
        all.extend(rows);
        values.extend(expected);
        Self::given(self.encoding, self.kernel, Observations::new(self.encoding, all, values))
    }

    /// The variance of the noise.
    pub(super) fn noise(&self) -> f64 {
        self.kernel.noise
    }

    /// The least expected value of an observed row, without noise.
    pub(super) fn least_expected(&self) -> f64 {
        self.observations.rows.iter().map(|row| self.mean(row)).fold(f64::INFINITY, f64::min)
    }

    /// The covariance of a row of features with every observation.
    fn covariances(&self, row: &[f64]) -> Vec<f64> {
        let distances = self.observations.distances_to(self.encoding, row);
        self.kernel.covariances(&distances, self.observations.len())
    }

    /// The mean of the function at a row of features.
    pub(super) fn mean(&self, row: &[f64]) -> f64 {
        dot(&self.covariances(row), &self.weights)
    }

    /// Mean and standard deviation of the function, without noise, at a row of features.
    pub(super) fn at(&self, row: &[f64]) -> (f64, f64) {
        let mut covariances = self.covariances(row);
        let mean = dot(&covariances, &self.weights);
        self.cholesky.solve_lower(&mut covariances);
        let variance = self.kernel.signal - dot(&covariances, &covariances);
        (mean, variance.max(LEAST_VARIANCE).sqrt())
    }
}

/// The most probable kernel that the searches find, from the priors' centre and from shorter lengths with more noise.
pub(super) fn most_probable_kernel(
    encoding: &Encoding,
    observations: &Observations,
    noise: NoisePrior,
) -> Option<Kernel> {
    let starts = [(0.0, 0.0), (SHORTER, noise.louder)];
    let searched = starts.iter().map(|&(length, louder)| {
        let start = evidence::start(encoding.len(), noise, length, louder);
        lbfgs::minimise(|p| evidence::loss(observations, noise, p), start, ITERATIONS, TOLERANCE)
    });
    let least = searched.min_by(|a, b| a.value.total_cmp(&b.value))?;
    Some(evidence::kernel_at(&least.point))
}
