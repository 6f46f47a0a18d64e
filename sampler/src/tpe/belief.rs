//! What a space states about where good values lie (`prior`), in the units of the densities.
//!
//! It replaces the wide prior of the good side and shifts the start-up design. The bad side keeps the wide prior, so that
//! trials can overcome a wrong belief.

use pedigree_protocol::Prior;

use super::truncnorm::quantile;
use crate::axis::Axis;

/// The belief about one dimension.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Belief {
    /// Nothing was stated.
    Wide,
    /// A normal on the unit interval, cut to it.
    Normal { mean: f64, sigma: f64 },
    /// The share of each choice; they sum to 1.
    Shares(Vec<f64>),
}

impl Belief {
    pub(super) fn of(axis: &Axis<'_>) -> Self {
        match axis.prior() {
            None => Self::Wide,
            Some(Prior::Normal { mu, sigma }) => {
                let mean = axis.shape().to_unit(axis.encode(mu)).clamp(0.0, 1.0);
                // A normal as wide as the range is nearly flat; wider ones change little.
                Self::Normal { mean, sigma: sigma.min(1.0) }
            }
            Some(Prior::Weights { weights }) => {
                let sum: f64 = weights.iter().sum();
                Self::Shares(weights.iter().map(|weight| weight / sum).collect())
            }
        }
    }

    /// Mean and deviation over an ordered dimension's unit interval.
    pub(super) fn normal(&self) -> (f64, f64) {
        match self {
            Self::Normal { mean, sigma } => (*mean, *sigma),
            Self::Wide | Self::Shares(_) => (0.5, 1.0),
        }
    }

    /// The coordinate with the share `unit` of the belief's mass to its left.
    pub(super) fn coordinate(&self, axis: &Axis<'_>, unit: f64) -> f64 {
        match self {
            Self::Wide => axis.uniform(unit),
            Self::Normal { mean, sigma } => {
                let place = mean + sigma * quantile(unit, -mean / sigma, (1.0 - mean) / sigma);
                axis.uniform(place.clamp(0.0, 1.0))
            }
            Self::Shares(shares) => {
                let mut left = unit;
                let chosen = shares.iter().position(|share| {
                    left -= share;
                    left < 0.0
                });
                chosen.unwrap_or(shares.len() - 1) as f64
            }
        }
    }
}
