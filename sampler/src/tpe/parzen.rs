//! Densities over a block of dimensions: one product kernel for each observation, and a wide one for the prior.
//!
//! Knows shapes and coordinates; not which trials are good, nor how a candidate is chosen.

use rand::{Rng, RngExt};

use super::truncnorm::{log_density, log_mass, quantile};
use crate::axis::Shape;
use crate::real::{decay, ln};

/// No bandwidth of Optuna's is narrower than the range over this.
const NARROWEST: usize = 100;
/// No bandwidth of Watanabe's is narrower than this share of the range.
const NARROWEST_SHARE: f64 = 0.03;

/// How wide the kernels of observations are. Each rule takes the larger of the gaps to the two neighbours, and clips it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bandwidth {
    /// Optuna's: only observations are neighbours; the ends of the range count where there is a single observation.
    Gaps,
    /// Watanabe's: the prior's mean and the ends of the range are neighbours too.
    GapsWithPrior,
}

/// A mixture of product kernels: one component for each observation, in order, then the prior.
#[derive(Debug)]
pub(crate) struct Parzen {
    weights: Vec<f64>,
    kernels: Vec<Kernels>,
}

impl Parzen {
    /// Builds the mixture. An observation has one coordinate for each shape. The weights are those of the observations and
    /// then of the prior; they sum to 1.
    pub(crate) fn new(
        shapes: &[Shape],
        observations: &[Vec<f64>],
        weights: Vec<f64>,
        bandwidth: Bandwidth,
    ) -> Self {
        let column = |d: usize| observations.iter().map(|o| o[d]).collect::<Vec<f64>>();
        let kernels = shapes.iter().enumerate().map(|(d, &shape)| Kernels::new(shape, &column(d), bandwidth));
        Self { weights, kernels: kernels.collect() }
    }

    /// Chooses a component by weight.
    pub(crate) fn choose(&self, rng: &mut impl Rng) -> usize {
        let mut left: f64 = rng.random();
        let found = self.weights.iter().position(|w| {
            left -= w;
            left < 0.0
        });
        found.unwrap_or(self.weights.len() - 1)
    }

    /// Draws a coordinate of dimension `d` from one component.
    pub(crate) fn draw(&self, component: usize, d: usize, rng: &mut impl Rng) -> f64 {
        self.kernels[d].draw(component, rng.random())
    }

    /// The log density of each point.
    pub(crate) fn log_densities(&self, points: &[Vec<f64>]) -> Vec<f64> {
        let log_weights: Vec<f64> = self.weights.iter().map(|w| ln(*w)).collect();
        let mut logs = vec![log_weights; points.len()];
        for (d, kernels) in self.kernels.iter().enumerate() {
            // On a grid many points share a coordinate, and each new one costs a pass over the components.
            let mut known: Vec<(f64, Vec<f64>)> = Vec::new();
            for (point, logs) in points.iter().zip(&mut logs) {
                let found = known.iter().position(|(x, _)| *x == point[d]).unwrap_or_else(|| {
                    known.push((point[d], kernels.log_densities(point[d])));
                    known.len() - 1
                });
                logs.iter_mut().zip(&known[found].1).for_each(|(sum, log)| *sum += log);
            }
        }
        logs.iter().map(|logs| log_sum_exp(logs)).collect()
    }
}

/// The kernels of one dimension, in the order of the components.
#[derive(Debug)]
enum Kernels {
    /// Normals cut to the shape's range, integrated over bins where the shape has them.
    Normal { shape: Shape, normals: Vec<Normal> },
    /// The choice that each component observed (`None`: the prior), mixed with the uniform distribution.
    Choice { count: usize, observed: Vec<Option<usize>> },
}

/// A normal and the log of its mass in the range.
#[derive(Debug)]
struct Normal {
    mean: f64,
    sigma: f64,
    log_total: f64,
}

impl Kernels {
    fn new(shape: Shape, observations: &[f64], bandwidth: Bandwidth) -> Self {
        if let Shape::Choice { count } = shape {
            let observed = observations.iter().map(|&x| Some(x as usize)).chain([None]).collect();
            return Self::Choice { count, observed };
        }
        let (low, high) = shape.range();
        let means = observations.iter().copied().chain([0.5 * (low + high)]);
        let sigmas = bandwidth.widths(observations, low, high).into_iter().chain([high - low]);
        let normal = |(mean, sigma): (f64, f64)| Normal {
            mean,
            sigma,
            log_total: log_mass((low - mean) / sigma, (high - mean) / sigma),
        };
        Self::Normal { shape, normals: means.zip(sigmas).map(normal).collect() }
    }

    fn draw(&self, component: usize, unit: f64) -> f64 {
        match self {
            Self::Normal { shape, normals } => {
                let (low, high) = shape.range();
                let Normal { mean, sigma, .. } = normals[component];
                let z = quantile(unit, (low - mean) / sigma, (high - mean) / sigma);
                shape.settle(mean + z * sigma)
            }
            Self::Choice { count, observed } => {
                let mut left = unit;
                let chosen = (0..*count).find(|&choice| {
                    left -= choice_probability(observed, *count, component, choice);
                    left < 0.0
                });
                chosen.unwrap_or(count - 1) as f64
            }
        }
    }

    /// Each component's log density at `x`; its log mass over bins and choices.
    fn log_densities(&self, x: f64) -> Vec<f64> {
        match self {
            Self::Normal { shape, normals } => {
                let bin = shape.bin(x);
                normals.iter().map(|n| n.log_at(x, bin)).collect()
            }
            Self::Choice { count, observed } => (0..observed.len())
                .map(|component| ln(choice_probability(observed, *count, component, x as usize)))
                .collect(),
        }
    }
}

impl Normal {
    fn log_at(&self, x: f64, bin: Option<(f64, f64)>) -> f64 {
        let standard = |x: f64| (x - self.mean) / self.sigma;
        let log = match bin {
            Some((low, high)) => log_mass(standard(low), standard(high)),
            None => log_density(standard(x)) - ln(self.sigma),
        };
        log - self.log_total
    }
}

/// The probability of a choice: the observed one, mixed with a uniform share of 1 / (number of components).
fn choice_probability(observed: &[Option<usize>], count: usize, component: usize, choice: usize) -> f64 {
    let Some(seen) = observed[component] else { return 1.0 / count as f64 };
    let share = 1.0 / observed.len() as f64;
    (share + f64::from(u8::from(seen == choice))) / (1.0 + share * count as f64)
}

impl Bandwidth {
    /// The width of each observation's kernel, in the order of the observations.
    fn widths(self, observations: &[f64], low: f64, high: f64) -> Vec<f64> {
        let k = observations.len();
        let narrowest = (high - low)
            * match self {
                Self::Gaps => 1.0 / NARROWEST.min(k + 2) as f64,
                Self::GapsWithPrior => ((k + 2) as f64).powi(-2).max(NARROWEST_SHARE),
            };
        let prior = (self == Self::GapsWithPrior).then_some(0.5 * (low + high));
        // The sort is stable: equal observations keep their order, and the prior comes last.
        let mut order: Vec<(f64, usize)> =
            observations.iter().copied().chain(prior).enumerate().map(|(i, x)| (x, i)).collect();
        order.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let ends_count = k == 1 || self == Self::GapsWithPrior;
        let mut widths = vec![0.0; order.len()];
        for (rank, &(x, i)) in order.iter().enumerate() {
            let end = |end: f64| if ends_count { end } else { x };
            let below = rank.checked_sub(1).map_or_else(|| end(low), |rank| order[rank].0);
            let above = order.get(rank + 1).map_or_else(|| end(high), |(x, _)| *x);
            widths[i] = (x - below).max(above - x).clamp(narrowest, high - low);
        }
        widths.truncate(k);
        widths
    }
}

/// ln Σ eˣ; -∞ where every term is.
fn log_sum_exp(logs: &[f64]) -> f64 {
    let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if highest == f64::NEG_INFINITY {
        return highest;
    }
    highest + ln(logs.iter().map(|log| decay(log - highest)).sum::<f64>())
}

#[cfg(test)]
mod tests {
    use super::super::split::uniform;
    use super::*;
    use crate::real::exp;

    const UNIT: Shape = Shape::Continuous { low: 0.0, high: 1.0, log: false };

    fn close(have: &[f64], want: &[f64]) {
        assert_eq!(have.len(), want.len());
        for (h, w) in have.iter().zip(want) {
            assert!((h - w).abs() < 1e-12, "{have:?} is not {want:?}");
        }
    }

    #[test]
    fn bandwidths_by_hand() {
        // One observation reaches for the farther end.
        close(&Bandwidth::Gaps.widths(&[0.2], 0.0, 1.0), &[0.8]);
        // The first and the last use only their inner gap; (1 - 0) / (3 + 2) = 0.2 is the narrowest.
        close(&Bandwidth::Gaps.widths(&[0.9, 0.1, 0.4], 0.0, 1.0), &[0.5, 0.3, 0.5]);
        close(&Bandwidth::Gaps.widths(&[0.5, 0.5, 0.5], 0.0, 1.0), &[0.2; 3]);
        close(&Bandwidth::Gaps.widths(&[0.5; 200], 0.0, 1.0), &[0.01; 200]);
        close(&Bandwidth::Gaps.widths(&[], 0.0, 1.0), &[]);
    }

    #[test]
    fn bandwidths_with_prior_by_hand() {
        let widths = |observations: &[f64]| Bandwidth::GapsWithPrior.widths(observations, 0.0, 1.0);
        // Neighbours of 0.2 are the end 0 and the prior's mean 0.5; of 0.9 the mean and the end 1.
        close(&widths(&[0.9, 0.2]), &[0.4, 0.3]);
        // (3 + 2)^-2 = 0.04 is the narrowest; two of the three equal ones have no gap but the middle's to the end.
        close(&widths(&[0.3, 0.3, 0.3]), &[0.3, 0.04, 0.2]);
        close(&widths(&[0.5; 20])[1..], &[0.03; 19]);
        close(&widths(&[]), &[]);
    }

    #[test]
    fn choices_by_hand() {
        // Two observations and the prior: (1/3 + [same]) / (1 + 3/3).
        let Kernels::Choice { count, observed } =
            Kernels::new(Shape::Choice { count: 3 }, &[0.0, 2.0], Bandwidth::Gaps)
        else {
            panic!("a choice has choice kernels")
        };
        let row = |component| -> Vec<f64> {
            (0..3).map(|choice| choice_probability(&observed, count, component, choice)).collect()
        };
        close(&row(0), &[2.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0]);
        close(&row(1), &[1.0 / 6.0, 1.0 / 6.0, 2.0 / 3.0]);
        close(&row(2), &[1.0 / 3.0; 3]);
    }

    #[test]
    fn masses_over_a_grid_sum_to_one() {
        let shapes =
            [Shape::Grid { last: 4.0 }, Shape::LogInt { min: 1.0, max: 4.0 }, Shape::Choice { count: 2 }];
        let observations = [vec![0.0, 0.0, 1.0], vec![4.0, ln(4.0), 1.0], vec![1.0, 0.0, 0.0]];
        let density = Parzen::new(&shapes, &observations, uniform(3), Bandwidth::Gaps);
        let points: Vec<Vec<f64>> = (0..5 * 4 * 2)
            .map(|i| vec![f64::from(i % 5), ln(f64::from(1 + i / 5 % 4)), f64::from(i / 20)])
            .collect();
        let sum: f64 = density.log_densities(&points).iter().map(|log| exp(*log)).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }

    #[test]
    fn a_continuous_density_integrates_to_one() {
        let density =
            Parzen::new(&[UNIT], &[vec![0.01], vec![0.02], vec![0.97]], uniform(3), Bandwidth::GapsWithPrior);
        let points: Vec<Vec<f64>> = (0..20_000).map(|i| vec![(f64::from(i) + 0.5) / 20_000.0]).collect();
        let mean: f64 = density.log_densities(&points).iter().map(|log| exp(*log)).sum::<f64>() / 20_000.0;
        assert!((mean - 1.0).abs() < 1e-6, "{mean}");
    }

    #[test]
    fn without_observations_the_prior_stands_alone() {
        let density = Parzen::new(&[UNIT, Shape::Choice { count: 4 }], &[], uniform(0), Bandwidth::Gaps);
        let logs = density.log_densities(&[vec![0.5, 0.0], vec![0.5, 3.0]]);
        assert_eq!(logs[0], logs[1]);
        assert!(logs[0].is_finite());
    }

    #[test]
    fn a_sum_of_nothing_stays_nothing() {
        assert_eq!(log_sum_exp(&[f64::NEG_INFINITY; 3]), f64::NEG_INFINITY);
        assert!((log_sum_exp(&[-1000.0, -1000.0]) - (ln(2.0) - 1000.0)).abs() < 1e-12);
    }

    #[derive(serde::Deserialize)]
    struct Case {
        observations: Vec<Vec<f64>>,
        points: Vec<Vec<f64>>,
        log_densities: Vec<f64>,
    }

    /// `vectors/densities.py` says where the recorded densities are from, and names the dimensions.
    #[test]
    fn densities_agree_with_the_recorded_ones() {
        let coordinates = |row: &[f64]| -> Vec<f64> {
            let [float, log, step, int, log_int, ordinal, choice] = row else { panic!("seven dimensions") };
            vec![*float, ln(*log), (step / 0.05).round(), (int - 1.0) / 2.0, ln(*log_int), *ordinal, *choice]
        };
        let shapes = [
            Shape::Continuous { low: -2.0, high: 3.0, log: false },
            Shape::Continuous { low: ln(1e-5), high: ln(1e-1), log: true },
            Shape::Grid { last: 6.0 },
            Shape::Grid { last: 4.0 },
            Shape::LogInt { min: 1.0, max: 64.0 },
            Shape::Grid { last: 3.0 },
            Shape::Choice { count: 3 },
        ];
        let cases: Vec<Case> = serde_json::from_str(include_str!("../../vectors/densities.json")).unwrap();
        for case in cases {
            let rows =
                |rows: &[Vec<f64>]| -> Vec<Vec<f64>> { rows.iter().map(|row| coordinates(row)).collect() };
            let density = Parzen::new(
                &shapes,
                &rows(&case.observations),
                super::super::split::recency(case.observations.len()),
                Bandwidth::Gaps,
            );
            let logs = density.log_densities(&rows(&case.points));
            for (have, want) in logs.iter().zip(&case.log_densities) {
                let count = case.observations.len();
                assert!((have - want).abs() < 1e-9, "{count} observations: {have}, not {want}");
            }
        }
    }
}
