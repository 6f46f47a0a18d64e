//! The covariance of two points: a Matérn 5/2 kernel over all features together, mixed with the mean of one kernel for each
//! feature.
//!
//! With forty trials in ten dimensions the joint kernel knows nothing away from the trials. The additive part carries what
//! each parameter does on its own (Duvenaud, Nickisch & Rasmussen 2011, "Additive Gaussian processes", first order). Works
//! on many pairs at once: their distances stand in columns, one for each feature. Knows no trial.

use crate::real::{decay, vectorised};

/// √5
const SQRT_5: f64 = 2.236_067_977_499_79;

/// The Matérn 5/2 correlation at a scaled distance, (1 + √5 r + 5/3 r²) exp(-√5 r), and its derivative by r²
/// (Rasmussen & Williams 2006, eq. 4.17).
#[inline(always)]
fn matern52(r: f64) -> (f64, f64) {
    let t = SQRT_5 * r;
    let decay = decay(-t);
    ((1.0 + t + t * t / 3.0) * decay, -5.0 / 6.0 * (1.0 + t) * decay)
}

/// The parameters of a kernel.
#[derive(Debug, Clone)]
pub(super) struct Kernel {
    /// The inverse length scale of each feature.
    pub(super) inverse_lengths: Vec<f64>,
    /// The variance of the function.
    pub(super) signal: f64,
    /// The share of the additive part, 0..1.
    pub(super) additive: f64,
    /// The variance of the noise.
    pub(super) noise: f64,
}

/// Covariances and their derivatives, pair by pair.
#[derive(Debug)]
pub(super) struct Slopes {
    pub(super) covariances: Vec<f64>,
    /// Derivatives by the logarithm of each length, in columns.
    pub(super) by_length: Vec<f64>,
    /// Derivatives by the additive share.
    pub(super) by_share: Vec<f64>,
}

impl Kernel {
    fn features(&self) -> f64 {
        self.inverse_lengths.len() as f64
    }

    /// The covariances of `count` pairs of points, without noise.
    pub(super) fn covariances(&self, distances: &[f64], count: usize) -> Vec<f64> {
        vectorised(
            #[inline(always)]
            || {
                let (mut squared, mut sums) = (vec![0.0; count], vec![0.0; count]);
                for (inverse_length, column) in
                    self.inverse_lengths.iter().zip(distances.chunks_exact(count.max(1)))
                {
                    for ((squared, sum), distance) in squared.iter_mut().zip(&mut sums).zip(column) {
                        let r = inverse_length * distance;
                        *squared += r * r;
                        *sum += matern52(r).0;
                    }
                }
                let features = self.features();
                for (squared, sum) in squared.iter().zip(&mut sums) {
                    let joint = matern52(squared.sqrt()).0;
                    *sum = self.signal * (joint + self.additive * (*sum / features - joint));
                }
                sums
            },
        )
    }

    /// The covariances with their derivatives.
    pub(super) fn slopes(&self, distances: &[f64], count: usize) -> Slopes {
        vectorised(
            #[inline(always)]
            || {
                let (mut squared, mut sums) = (vec![0.0; count], vec![0.0; count]);
                let mut by_length = vec![0.0; distances.len()];
                let columns = distances.chunks_exact(count.max(1));
                for ((inverse_length, column), slopes) in self
                    .inverse_lengths
                    .iter()
                    .zip(columns.clone())
                    .zip(by_length.chunks_exact_mut(count.max(1)))
                {
                    for (((squared, sum), distance), out) in
                        squared.iter_mut().zip(&mut sums).zip(column).zip(slopes)
                    {
                        let r = inverse_length * distance;
                        let (value, slope) = matern52(r);
                        *squared += r * r;
                        *sum += value;
                        *out = slope;
                    }
                }
                let (features, mut joint_slopes) = (self.features(), vec![0.0; count]);
                let mut by_share = vec![0.0; count];
                for (((squared, sum), joint_slope), share) in
                    squared.iter().zip(&mut sums).zip(&mut joint_slopes).zip(&mut by_share)
                {
                    let (joint, slope) = matern52(squared.sqrt());
                    let difference = *sum / features - joint;
                    *sum = self.signal * (joint + self.additive * difference);
                    *share = self.signal * difference;
                    *joint_slope = (1.0 - self.additive) * slope;
                }
                let alone = self.additive / features;
                for ((inverse_length, column), slopes) in
                    self.inverse_lengths.iter().zip(columns).zip(by_length.chunks_exact_mut(count.max(1)))
                {
                    for ((distance, joint), out) in column.iter().zip(&joint_slopes).zip(slopes) {
                        let r = inverse_length * distance;
                        *out = -2.0 * self.signal * r * r * (joint + alone * *out);
                    }
                }
                Slopes { covariances: sums, by_length, by_share }
            },
        )
    }
}
