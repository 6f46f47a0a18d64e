//! A density over whole configurations: a product kernel for each trial, and a wide one for the prior.
//!
//! Ordered dimensions are scaled to the unit interval; their kernels are normals cut to it, as wide as the gap to the
//! farther neighbour. A dimension that a component's trial did not have is uniform in that component, so that trials
//! on different branches of a conditional space inform each other through what they share. Knows weights, not which
//! trials are good.

use rand::{Rng, RngExt};

use super::truncnorm::{LN_SQRT_2PI, log_mass, quantile};
use crate::axis::{Axis, Point, Shape};
use crate::history::Seen;

/// No kernel is narrower than this share of the range, or than this share of a step of a grid.
const NARROWEST: f64 = 0.06;
const NARROWEST_OF_STEP: f64 = 0.5;
/// Below this, exp(x) beside exp(0) is nothing.
const NEGLIGIBLE: f64 = -36.0;

/// A trial and its weight in the mixture, relative to the others'.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weighted<'a> {
    pub(crate) trial: &'a Seen,
    pub(crate) weight: f64,
}

/// The density: one component for each trial, then the prior, whose weight is the trials' mean.
#[derive(Debug)]
pub(crate) struct Mixture {
    log_weights: Vec<f64>,
    kernels: Vec<Kernels>,
}

/// The kernels of one dimension, in the order of the components.
#[derive(Debug)]
enum Kernels {
    /// There is nothing to choose.
    Fixed,
    /// Truncated normals.
    Ordered { shape: Shape, normals: Vec<Normal> },
    /// A choice that the component's trial had, mixed with the uniform distribution by `share`.
    Choice { count: usize, share: f64, seen: Vec<Option<f64>> },
}

/// A normal on the unit interval; the uniform density where `precision` is 0.
#[derive(Debug, Clone, Copy)]
struct Normal {
    mean: f64,
    /// 1/σ
    precision: f64,
    /// ln(1 / (σ √(2π) mass in the interval))
    log_norm: f64,
}

impl Mixture {
    /// Builds the density of those trials.
    pub(crate) fn new(axes: &[Axis<'_>], trials: &[Weighted<'_>]) -> Self {
        let sum: f64 = trials.iter().map(|t| t.weight).sum();
        let prior = if trials.is_empty() { 1.0 } else { sum / trials.len() as f64 };
        let weights = trials.iter().map(|t| t.weight).chain([prior]);
        let log_weights = weights.map(|weight| (weight / (sum + prior)).ln()).collect();
        let column = |i: usize| trials.iter().map(|t| t.trial.coordinates[i]).collect::<Vec<_>>();
        let kernels = axes.iter().enumerate().map(|(i, axis)| Kernels::new(axis, &column(i))).collect();
        Self { log_weights, kernels }
    }

    /// Draws a configuration: a component by its weight, then every active dimension from that component.
    pub(crate) fn draw(&self, axes: &[Axis<'_>], rng: &mut impl Rng) -> Point {
        let mut left: f64 = rng.random();
        let chosen = self.log_weights.iter().position(|log| {
            left -= log.exp();
            left < 0.0
        });
        let component = chosen.unwrap_or(self.log_weights.len() - 1);
        Point::walk(axes, |i| self.kernels[i].draw(component, &axes[i], rng.random()))
    }

    /// The log density at the coordinates of a configuration.
    pub(crate) fn log_density(&self, coordinates: &[Option<f64>]) -> f64 {
        let mut logs = self.log_weights.clone();
        for (kernels, coordinate) in self.kernels.iter().zip(coordinates) {
            if let Some(coordinate) = coordinate {
                kernels.add_to(*coordinate, &mut logs);
            }
        }
        log_sum_exp(&logs)
    }
}

impl Kernels {
    /// Kernels of the coordinates that trials had (`None`: the dimension was inactive), then the prior's.
    fn new(axis: &Axis<'_>, coordinates: &[Option<f64>]) -> Self {
        let shape = axis.shape();
        if axis.is_fixed() {
            return Self::Fixed;
        }
        if let Shape::Choice { count } = shape {
            let share = 1.0 / (coordinates.iter().flatten().count() + 1) as f64;
            return Self::Choice { count, share, seen: coordinates.iter().copied().chain([None]).collect() };
        }
        let units: Vec<Option<f64>> = coordinates.iter().map(|c| c.map(|c| shape.to_unit(c))).collect();
        let narrowest = axis.count().map_or(0.0, |count| NARROWEST_OF_STEP / count as f64).max(NARROWEST);
        let widths = widths(&units, narrowest);
        let normals = units.iter().zip(widths).map(|(unit, width)| Normal::new(*unit, width));
        Self::Ordered { shape, normals: normals.chain([Normal::new(Some(0.5), 1.0)]).collect() }
    }

    fn draw(&self, component: usize, axis: &Axis<'_>, unit: f64) -> f64 {
        match self {
            Self::Fixed => axis.uniform(unit),
            Self::Ordered { normals, .. } => axis.uniform(normals[component].quantile(unit)),
            Self::Choice { count, share, seen } => match seen[component] {
                None => axis.uniform(unit),
                // The choice seen with the part of the mass that is not shared out, else any.
                Some(seen) => {
                    let own = 1.0 / (1.0 + share * *count as f64);
                    if unit < own { seen } else { axis.uniform((unit - own) / (1.0 - own)) }
                }
            },
        }
    }

    /// Adds the log density at the coordinate in each component.
    fn add_to(&self, coordinate: f64, logs: &mut [f64]) {
        match self {
            Self::Fixed => {}
            Self::Ordered { shape, normals } => {
                let unit = shape.to_unit(coordinate);
                for (log, normal) in logs.iter_mut().zip(normals) {
                    *log += normal.log_density(unit);
                }
            }
            Self::Choice { count, share, seen } => {
                let total = (1.0 + share * *count as f64).ln();
                let (same, other, any) =
                    ((1.0 + share).ln() - total, share.ln() - total, -(*count as f64).ln());
                for (log, seen) in logs.iter_mut().zip(seen) {
                    *log += seen.map_or(any, |seen| if seen == coordinate { same } else { other });
                }
            }
        }
    }
}

impl Normal {
    fn new(mean: Option<f64>, sigma: f64) -> Self {
        let Some(mean) = mean else { return Self { mean: 0.5, precision: 0.0, log_norm: 0.0 } };
        let log_total = log_mass(-mean / sigma, (1.0 - mean) / sigma);
        Self { mean, precision: 1.0 / sigma, log_norm: -sigma.ln() - LN_SQRT_2PI - log_total }
    }

    fn log_density(&self, unit: f64) -> f64 {
        let z = (unit - self.mean) * self.precision;
        self.log_norm - 0.5 * z * z
    }

    fn quantile(&self, share: f64) -> f64 {
        if self.precision == 0.0 {
            return share;
        }
        let z = quantile(share, -self.mean * self.precision, (1.0 - self.mean) * self.precision);
        (self.mean + z / self.precision).clamp(0.0, 1.0)
    }
}

/// The larger gap to a neighbour on either side, and not below `narrowest`; the ends of the range count as neighbours
/// only where there is one coordinate.
fn widths(units: &[Option<f64>], narrowest: f64) -> Vec<f64> {
    let mut order: Vec<(f64, usize)> =
        units.iter().enumerate().filter_map(|(i, unit)| unit.map(|unit| (unit, i))).collect();
    order.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut widths = vec![1.0; units.len()];
    for (rank, &(unit, i)) in order.iter().enumerate() {
        let end = |end: f64| if order.len() == 1 { end } else { unit };
        let below = rank.checked_sub(1).map_or_else(|| end(0.0), |rank| order[rank].0);
        let above = order.get(rank + 1).map_or_else(|| end(1.0), |(unit, _)| *unit);
        widths[i] = (unit - below).max(above - unit).clamp(narrowest, 1.0);
    }
    widths
}

/// ln Σ eˣ
fn log_sum_exp(logs: &[f64]) -> f64 {
    let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logs.iter().map(|log| log - highest).filter(|x| *x > NEGLIGIBLE).map(f64::exp).sum();
    highest + sum.ln()
}
