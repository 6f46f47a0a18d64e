//! The covariance of two points: a Matérn 5/2 over all features together, mixed with the mean of one for each
//! feature alone.
//!
//! With forty trials in ten dimensions the joint kernel knows nothing away from the trials; the additive part carries
//! what each parameter does on its own (Duvenaud, Nickisch & Rasmussen 2011, "Additive Gaussian processes", first
//! order). Works on distances by feature; knows no trial.

/// √5
const SQRT_5: f64 = 2.236_067_977_499_79;

/// The Matérn 5/2 correlation at a scaled distance, (1 + √5 r + 5/3 r²) exp(-√5 r), and its derivative by r²
/// (Rasmussen & Williams 2006, eq. 4.17).
fn matern52(r: f64) -> (f64, f64) {
    let t = SQRT_5 * r;
    let decay = (-t).exp();
    ((1.0 + t + t * t / 3.0) * decay, -5.0 / 6.0 * (1.0 + t) * decay)
}

/// The numbers that a kernel is made of.
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

impl Kernel {
    /// The covariance of two points at these distances, without noise.
    pub(super) fn covariance(&self, distances: &[f64]) -> f64 {
        let (mut squared, mut alone) = (0.0, 0.0);
        for (inverse_length, distance) in self.inverse_lengths.iter().zip(distances) {
            let r = inverse_length * distance;
            squared += r * r;
            alone += matern52(r).0;
        }
        let joint = matern52(squared.sqrt()).0;
        self.signal * (joint + self.additive * (alone / self.inverse_lengths.len() as f64 - joint))
    }

    /// The covariance, with its derivatives by the logarithm of each length (into `by_length`) and by the additive
    /// share.
    pub(super) fn gradient(&self, distances: &[f64], by_length: &mut [f64]) -> (f64, f64) {
        let count = self.inverse_lengths.len() as f64;
        let scaled = || self.inverse_lengths.iter().zip(distances).map(|(l, d)| l * d);
        let squared: f64 = scaled().map(|r| r * r).sum();
        let (joint, joint_slope) = matern52(squared.sqrt());
        let mut alone = 0.0;
        for (r, out) in scaled().zip(by_length) {
            let (value, slope) = matern52(r);
            alone += value;
            let mixed = (1.0 - self.additive) * joint_slope + self.additive * slope / count;
            *out = -2.0 * self.signal * r * r * mixed;
        }
        let difference = alone / count - joint;
        (self.signal * (joint + self.additive * difference), self.signal * difference)
    }
}
