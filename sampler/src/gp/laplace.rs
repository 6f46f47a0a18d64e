//! Laplace's approximation for classification. The observations are labels, yes (+1) or no (-1). The approximation finds the
//! most probable latent values behind them under the logistic likelihood, and how certain these values are.
//!
//! Rasmussen & Williams 2006, section 3.4, algorithms 3.1 and 3.2. Owns the mathematics on covariances and labels. Must not
//! know kernels.

use super::cholesky::{Cholesky, dot};
use crate::real::{exp, ln_1p};

/// The most Newton steps. A search rarely needs a dozen.
const STEPS: usize = 40;
/// The most halvings of a step that overshoots.
const HALVINGS: usize = 12;
/// The search ends with a step that gains less than this, in log posterior density.
const TOLERANCE: f64 = 1e-9;

/// The most probable latent values, in the form that predictions need.
#[derive(Debug)]
pub(super) struct Mode {
    /// The slope of the log likelihood at each observation: `K⁻¹ f` of the latent values `f`.
    pub(super) slopes: Vec<f64>,
    /// The square roots of its negative second derivatives.
    roots: Vec<f64>,
    /// The factor of `I + W½ K W½`.
    cholesky: Cholesky,
    /// The approximate log marginal likelihood of the labels (eq. 3.32).
    pub(super) log_evidence: f64,
}

/// Latent values minus their mean.
struct Latent {
    /// `K⁻¹ f`
    a: Vec<f64>,
    f: Vec<f64>,
    /// The log posterior density, up to a constant.
    height: f64,
}

/// The labels +1 and -1, and the latent function's mean.
struct Labels<'a> {
    labels: &'a [f64],
    mean: f64,
}

impl Mode {
    /// Finds the most probable latent values around `mean` with this covariance (a full symmetric square, row-major). `None`
    /// where the covariance is not positive semi-definite in doubles.
    pub(super) fn of(covariance: &[f64], labels: &[f64], mean: f64) -> Option<Self> {
        let labels = Labels { labels, mean };
        let mut latent = labels.latent(covariance, vec![0.0; labels.labels.len()]);
        for _ in 0..STEPS {
            let target = labels.newton(covariance, &latent)?;
            let toward = |share: f64| {
                let a = latent.a.iter().zip(&target).map(|(a, target)| a + share * (target - a)).collect();
                labels.latent(covariance, a)
            };
            let steps = (0..HALVINGS).map(|k| toward(0.5_f64.powi(k as i32)));
            let Some(next) = steps.into_iter().find(|next| next.height > latent.height) else { break };
            let gain = next.height - latent.height;
            latent = next;
            if gain < TOLERANCE {
                break;
            }
        }
        let (slopes, roots) = labels.slopes_and_roots(&latent.f);
        let cholesky = curvature(covariance, &roots)?;
        let log_evidence = latent.height - cholesky.half_log_determinant();
        Some(Self { slopes, roots, cholesky, log_evidence })
    }

    /// How much the observations lower the variance at a point with these covariances.
    pub(super) fn explained(&self, mut covariances: Vec<f64>) -> f64 {
        covariances.iter_mut().zip(&self.roots).for_each(|(covariance, root)| *covariance *= root);
        self.cholesky.solve_lower(&mut covariances);
        dot(&covariances, &covariances)
    }
}

impl Labels<'_> {
    fn latent(&self, covariance: &[f64], a: Vec<f64>) -> Latent {
        let f: Vec<f64> = rows(covariance, a.len()).map(|row| dot(row, &a)).collect();
        let likelihood: f64 =
            f.iter().zip(self.labels).map(|(f, label)| log_logistic(label * (f + self.mean))).sum();
        let height = likelihood - 0.5 * dot(&a, &f);
        Latent { a, f, height }
    }

    /// The end of a full Newton step, as `K⁻¹ f` (algorithm 3.1, lines 4 to 8).
    fn newton(&self, covariance: &[f64], latent: &Latent) -> Option<Vec<f64>> {
        let (slopes, roots) = self.slopes_and_roots(&latent.f);
        let cholesky = curvature(covariance, &roots)?;
        let each = roots.iter().zip(latent.f.iter().zip(&slopes));
        let b: Vec<f64> = each.map(|(root, (f, slope))| root * root * f + slope).collect();
        let scaled: Vec<f64> =
            rows(covariance, b.len()).zip(&roots).map(|(row, root)| root * dot(row, &b)).collect();
        let solved = cholesky.solve(&scaled);
        Some(b.iter().zip(roots.iter().zip(&solved)).map(|(b, (root, s))| b - root * s).collect())
    }

    fn slopes_and_roots(&self, f: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let each = f.iter().zip(self.labels).map(|(f, label)| {
            let yes = exp(log_logistic(f + self.mean));
            (0.5 * (label + 1.0) - yes, (yes * (1.0 - yes)).sqrt())
        });
        each.unzip()
    }
}

fn rows(square: &[f64], size: usize) -> impl Iterator<Item = &[f64]> {
    square.chunks_exact(size.max(1))
}

/// The factor of `I + W½ K W½`, whose eigenvalues are at least 1.
fn curvature(covariance: &[f64], roots: &[f64]) -> Option<Cholesky> {
    let size = roots.len();
    let mut square = covariance.to_vec();
    for (i, row) in square.chunks_exact_mut(size.max(1)).enumerate() {
        row.iter_mut().zip(roots).for_each(|(value, root)| *value *= roots[i] * root);
        row[i] += 1.0;
    }
    Cholesky::new(square, size)
}

/// ln(1/(1 + e⁻ˣ)).
pub(super) fn log_logistic(x: f64) -> f64 {
    x.min(0.0) - ln_1p(exp(-x.abs()))
}
