//! What the model believes at a point: a kernel fitted to the observations, and mean and deviation given them.
//!
//! Rasmussen & Williams 2006, algorithm 2.1. Pending trials are taken as observations of the mean that the process
//! expects there (the kriging believer of Ginsbourger, Le Riche & Carraro 2010): the uncertainty around them goes, the
//! mean stays as it is.

use super::cholesky::{Cholesky, dot};
use super::encoding::Encoding;
use super::evidence::{self, LOSSES, NoisePrior};
use super::kernel::Kernel;
use super::lbfgs;
use super::observations::{Observations, square};

/// The second search for a kernel starts from lengths `e^_` times those at the priors' centre, and from more noise.
const SHORTER: f64 = -1.0;
/// Steps of each search for a kernel.
const ITERATIONS: usize = 40;
/// A step that gains less ends the search, in logarithms of the posterior density.
const TOLERANCE: f64 = 1e-3;
/// With more observations than twice this, a kernel is fitted to the best ones and as many others.
const FITTED_HALF: usize = 28;
/// The least variance: below it there is rounding only.
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
    /// The process with the most probable kernel that the searches find, less noise that nothing speaks for; `None`
    /// without observations, or where their matrix is not positive definite in doubles.
    pub(super) fn fit(encoding: &'a Encoding, observations: Observations) -> Option<Self> {
        let fitted = observations.representatives(encoding, FITTED_HALF);
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

    /// The same process after these rows were seen to have the values that it expects of them.
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

    /// The least value that is expected of an observed row: what was seen, less its noise.
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

    /// Mean and deviation of the function, without noise, at a row of features.
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
    let (point, _) = searched.min_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(evidence::kernel_at(&point))
}
