//! A density over whole configurations: a product kernel for each trial, and a wide one for the prior.
//!
//! Ordered dimensions are scaled to the unit interval. Their kernels are truncated normals, as wide as the gap to the
//! farther neighbour. A component is uniform in a dimension that its trial did not have, so that trials on different
//! branches of a conditional space inform each other through the dimensions that they share. Knows weights, not which
//! trials are good.

use rand::{Rng, RngExt};

use super::belief::Belief;
use super::truncnorm::{Cut, LN_SQRT_2PI, mass_around_middle};
use crate::axis::{Axis, Point, Shape};
use crate::real::{decay, exp, ln};
use crate::trial::Seen;

/// No kernel is narrower than this share of the range, nor than this share of a grid's step.
const NARROWEST: f64 = 0.06;
const NARROWEST_OF_STEP: f64 = 0.5;
/// The width of a lent trial's kernel, as a share of the range.
const LENT_WIDTH: f64 = 0.12;
/// The least share of the prior that lent trials leave to it.
const LEAST_OWN: f64 = 0.02;
/// Below this, exp(x) beside exp(0) is nothing.
const NEGLIGIBLE: f64 = -36.0;

/// A trial and its weight in the mixture, relative to the other trials' weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weighted<'a> {
    pub(crate) trial: &'a Seen,
    pub(crate) weight: f64,
}

/// What a density holds beside its trials. All of it together weighs as much as a mean trial.
#[derive(Debug, Default)]
pub(crate) struct Prior<'a> {
    /// Trials of other studies; their weights are shares of the prior's.
    pub(crate) lent: Vec<Weighted<'a>>,
    /// What was stated about each dimension, in the order of the axes; a missing one is wide.
    pub(crate) beliefs: Vec<Belief>,
}

/// The density: one component for each trial, one for each lent one, then the prior's own.
#[derive(Debug)]
pub(crate) struct Mixture {
    log_weights: Vec<f64>,
    kernels: Vec<Kernels>,
}

/// The kernels of one dimension, in the order of the components.
#[derive(Debug)]
enum Kernels {
    /// The dimension has one value only.
    Fixed,
    /// Truncated normals.
    Ordered { shape: Shape, normals: Normals },
    /// The choice of the component's trial, mixed with the uniform distribution by `share`.
    Choice { count: usize, share: f64, seen: Vec<Option<f64>>, belief: Belief },
}

/// Normals on the unit interval, one for each component. Their parts stand in columns, so that one sweep adds a density to
/// all components. A component with precision 0 is uniform.
#[derive(Debug, Default)]
struct Normals {
    means: Vec<f64>,
    /// 1/σ
    precisions: Vec<f64>,
    /// ln(1 / (σ √(2π) mass in the interval))
    log_norms: Vec<f64>,
}

impl Mixture {
    /// Builds the density of those trials.
    pub(crate) fn new(axes: &[Axis<'_>], trials: &[Weighted<'_>], prior: &Prior<'_>) -> Self {
        let sum: f64 = trials.iter().map(|t| t.weight).sum();
        let mean = if trials.is_empty() { 1.0 } else { sum / trials.len() as f64 };
        let lent: f64 = prior.lent.iter().map(|t| t.weight).sum();
        let shares = prior.lent.iter().map(|t| t.weight).chain([(1.0 - lent).max(LEAST_OWN)]);
        let weights = trials.iter().map(|t| t.weight).chain(shares.map(|share| share * mean));
        let log_weights = weights.map(|weight| ln(weight / (sum + mean))).collect();
        let column = |trials: &[Weighted<'_>], i: usize| -> Vec<Option<f64>> {
            trials.iter().map(|t| t.trial.coordinates[i]).collect()
        };
        let kernels = axes.iter().enumerate().map(|(i, axis)| {
            let belief = prior.beliefs.get(i).cloned().unwrap_or(Belief::Wide);
            Kernels::new(axis, &column(trials, i), &column(&prior.lent, i), belief)
        });
        let kernels = kernels.collect();
        Self { log_weights, kernels }
    }

    /// Draws configurations: for each a component by its weight, then every active dimension from that component.
    pub(crate) fn draw(&self, axes: &[Axis<'_>], rng: &mut impl Rng, count: usize) -> Vec<Point> {
        // A few components have most of the weight, so each component's normal is cut to the range only once.
        let mut cuts = vec![None; self.log_weights.len() * axes.len()];
        let draw = |_| {
            let component = self.choose(rng.random());
            let cuts = &mut cuts[component * axes.len()..][..axes.len()];
            Point::walk(axes, |i| self.kernels[i].draw(component, &axes[i], rng.random(), &mut cuts[i]))
        };
        (0..count).map(draw).collect()
    }

    /// The component at that share of the summed weights.
    fn choose(&self, share: f64) -> usize {
        let mut left = share;
        let chosen = self.log_weights.iter().position(|log| {
            left -= exp(*log);
            left < 0.0
        });
        chosen.unwrap_or(self.log_weights.len() - 1)
    }

    /// The log density at the coordinates of a configuration. `logs` is a buffer, cleared first.
    pub(crate) fn log_density(&self, coordinates: &[Option<f64>], logs: &mut Vec<f64>) -> f64 {
        logs.clone_from(&self.log_weights);
        for (kernels, coordinate) in self.kernels.iter().zip(coordinates) {
            if let Some(coordinate) = coordinate {
                kernels.add_to(*coordinate, logs);
            }
        }
        log_sum_exp(logs)
    }
}

impl Kernels {
    /// Kernels at the trials' coordinates (`None`: inactive), then at the lent ones, then the prior's.
    fn new(axis: &Axis<'_>, coordinates: &[Option<f64>], lent: &[Option<f64>], belief: Belief) -> Self {
        let shape = axis.shape();
        if axis.is_fixed() {
            return Self::Fixed;
        }
        if let Shape::Choice { count } = shape {
            let share = 1.0 / (coordinates.iter().flatten().count() + 1) as f64;
            let seen = coordinates.iter().chain(lent).copied().chain([None]).collect();
            return Self::Choice { count, share, seen, belief };
        }
        let units: Vec<Option<f64>> = coordinates.iter().map(|c| c.map(|c| shape.to_unit(c))).collect();
        let narrowest = axis.count().map_or(0.0, |count| NARROWEST_OF_STEP / count as f64).max(NARROWEST);
        let widths = widths(&units, narrowest);
        let mut normals = Normals::default();
        let lent = lent.iter().map(|c| (c.map(|c| shape.to_unit(c)), LENT_WIDTH));
        let (mean, sigma) = belief.normal();
        for (unit, width) in units.iter().copied().zip(widths).chain(lent).chain([(Some(mean), sigma)]) {
            normals.push(unit, width);
        }
        Self::Ordered { shape, normals }
    }

    /// The coordinate with the share `unit` of the component's mass to its left. `cut` is kept for the component's next
    /// draw.
    fn draw(&self, component: usize, axis: &Axis<'_>, unit: f64, cut: &mut Option<Cut>) -> f64 {
        match self {
            Self::Fixed => axis.uniform(unit),
            Self::Ordered { normals, .. } => axis.uniform(normals.quantile(component, unit, cut)),
            Self::Choice { count, share, seen, belief } => match seen[component] {
                None if component + 1 == seen.len() => belief.coordinate(axis, unit),
                None => axis.uniform(unit),
                // The trial's own choice with the mass that is not shared out; otherwise any choice.
                Some(seen) => {
                    let own = 1.0 / (1.0 + share * *count as f64);
                    if unit < own { seen } else { axis.uniform((unit - own) / (1.0 - own)) }
                }
            },
        }
    }

    /// Adds each component's log density at the coordinate.
    fn add_to(&self, coordinate: f64, logs: &mut [f64]) {
        match self {
            Self::Fixed => {}
            Self::Ordered { shape, normals } => {
                let unit = shape.to_unit(coordinate);
                normals.add_to(unit, logs);
            }
            Self::Choice { count, share, seen, belief } => {
                let total = ln(1.0 + share * *count as f64);
                let (same, other, any) = (ln(1.0 + share) - total, ln(*share) - total, -ln(*count as f64));
                if let (Belief::Shares(shares), Some(prior)) = (belief, logs.last_mut()) {
                    *prior += ln(shares[coordinate as usize]) - any;
                }
                for (log, seen) in logs.iter_mut().zip(seen) {
                    *log += seen.map_or(any, |seen| if seen == coordinate { same } else { other });
                }
            }
        }
    }
}

impl Normals {
    /// Adds a component; a uniform one without a mean.
    fn push(&mut self, mean: Option<f64>, sigma: f64) {
        let (mean, precision, log_norm) = mean.map_or((0.5, 0.0, 0.0), |mean| {
            let mass = mass_around_middle(-mean / sigma, (1.0 - mean) / sigma);
            (mean, 1.0 / sigma, -ln(sigma * mass) - LN_SQRT_2PI)
        });
        self.means.push(mean);
        self.precisions.push(precision);
        self.log_norms.push(log_norm);
    }

    /// Adds each component's log density at `unit`.
    fn add_to(&self, unit: f64, logs: &mut [f64]) {
        let normals = self.means.iter().zip(&self.precisions).zip(&self.log_norms);
        for (log, ((mean, precision), log_norm)) in logs.iter_mut().zip(normals) {
            let z = (unit - mean) * precision;
            *log += log_norm - 0.5 * z * z;
        }
    }

    /// The point with that share of the component's mass to its left.
    fn quantile(&self, component: usize, share: f64, cut: &mut Option<Cut>) -> f64 {
        let (mean, precision) = (self.means[component], self.precisions[component]);
        if precision == 0.0 {
            return share;
        }
        let cut = cut.get_or_insert_with(|| Cut::new(-mean * precision, (1.0 - mean) * precision));
        (mean + cut.quantile(share) / precision).clamp(0.0, 1.0)
    }
}

/// The larger of the gaps to the two neighbours, at least `narrowest`. The ends of the range count as neighbours only
/// where there is a single coordinate.
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
    let sum: f64 = logs.iter().map(|log| log - highest).filter(|x| *x > NEGLIGIBLE).map(decay).sum();
    highest + ln(sum)
}
