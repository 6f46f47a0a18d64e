//! TPE as other programs compute it, frozen: presets to compare with, and for papers that name them.
//!
//! Splits, weights and densities agree with the originals to the last digits (`sampler/vectors`); the draws do not, because
//! the generators differ. One difference is intended: a configuration is not tried again while others remain. Failed trials
//! are not seen, as in the originals.

use std::iter;

use pedigree_protocol::objective::Goal;

use super::parzen::{Bandwidth, Parzen};
use super::split::{Split, expected_improvement, recency, split, uniform};
use crate::axis::{Point, Shape};
use crate::history::View;
use crate::random;
use crate::sampler::{Ask, Drawn, Sampler};
use crate::trial::{Outcome, Seen};

/// Until this many trials have finished, draws are random.
const STARTUP_TRIALS: usize = 10;
/// Candidates that are drawn and scored for each block of dimensions.
const CANDIDATES: usize = 24;
/// The good side never grows beyond this.
const MOST_GOOD: usize = 25;

/// The defaults of Optuna 5.0: dimensions that every trial has are sampled jointly, pending trials count as bad ones.
pub(crate) const OPTUNA_5: Frozen = Frozen {
    name: "optuna-5",
    version: 2,
    joint: true,
    sees_pending: true,
    good_share: 10,
    flavour: Flavour::Optuna,
};

/// The defaults of Optuna 4.9: every dimension by itself, pending trials unseen.
pub(crate) const OPTUNA_4: Frozen =
    Frozen { name: "optuna-4", joint: false, sees_pending: false, ..OPTUNA_5 };

/// The settings that Watanabe recommends (arXiv:2304.11127), with pending trials on the bad side.
pub(crate) const WATANABE: Frozen =
    Frozen { name: "watanabe", good_share: 15, flavour: Flavour::Watanabe, ..OPTUNA_5 };

/// Settings of a preset.
#[derive(Debug)]
pub(crate) struct Frozen {
    name: &'static str,
    version: u32,
    /// Whether the dimensions that every trial has are sampled jointly.
    joint: bool,
    sees_pending: bool,
    /// Percent of the finished trials that are good, rounded up.
    good_share: usize,
    flavour: Flavour,
}

/// Whose weights and bandwidths are used.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Flavour {
    Optuna,
    Watanabe,
}

impl Sampler for Frozen {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn draw(&self, ask: &Ask<'_>) -> Drawn {
        let usable = self.usable(ask.view);
        if usable.iter().filter(|t| t.outcome.is_finished()).count() < STARTUP_TRIALS {
            return Drawn::startup(random::draw_new(ask));
        }
        let split = self.split(&usable, ask.goal);
        let blocks = self.blocks(ask, &usable).into_iter();
        let blocks: Vec<Block> = blocks.map(|dimensions| self.rank(ask, &split, dimensions)).collect();
        let ranked = |rank: usize| {
            Point::walk(&ask.axes, |i| {
                let coordinate = blocks.iter().find_map(|block| block.coordinate(rank, i));
                // Only dimensions with a single value are in no block.
                coordinate.unwrap_or_else(|| ask.axes[i].uniform(0.5))
            })
        };
        let new = (0..CANDIDATES).map(ranked).chain(iter::once_with(|| random::draw_new(ask)));
        let new = new.into_iter().find(|point| !ask.is_repeated(point));
        Drawn::modelled(new.unwrap_or_else(|| ranked(0)))
    }
}

impl Frozen {
    fn usable<'a>(&self, view: &'a View) -> Vec<&'a Seen> {
        let usable = |t: &&Seen| match t.outcome {
            Outcome::Completed(_) | Outcome::Pruned { .. } => true,
            Outcome::Pending => self.sees_pending,
            Outcome::Infeasible { .. } => false,
        };
        view.trials().filter(usable).collect()
    }

    fn split<'a>(&self, usable: &[&'a Seen], goal: Goal) -> Split<'a> {
        let finished = usable.iter().filter(|t| t.outcome.is_finished()).count();
        split(usable, goal, (finished * self.good_share).div_ceil(100).min(MOST_GOOD))
    }

    /// The blocks of dimensions that are sampled jointly. Dimensions with a single value are in none.
    fn blocks(&self, ask: &Ask<'_>, usable: &[&Seen]) -> Vec<Vec<usize>> {
        let always = |i: usize| usable.iter().all(|t| !t.outcome.is_finished() || t.coordinates[i].is_some());
        let open = (0..ask.axes.len()).filter(|&i| !ask.axes[i].is_fixed());
        let (joint, single): (Vec<usize>, Vec<usize>) = open.partition(|&i| self.joint && always(i));
        let joint = Some(joint).filter(|block| !block.is_empty());
        joint.into_iter().chain(single.into_iter().map(|i| vec![i])).collect()
    }

    /// The densities of the good and of the bad trials over those dimensions.
    fn densities(&self, shapes: &[Shape], split: &Split<'_>, dimensions: &[usize]) -> (Parzen, Parzen) {
        let good: Vec<&Seen> = split.good.iter().copied().filter(|t| has_all(t, dimensions)).collect();
        let bad: Vec<&Seen> = split.bad.iter().copied().filter(|t| has_all(t, dimensions)).collect();
        let (weigh_good, weigh_bad, bandwidth) = match self.flavour {
            Flavour::Optuna => (recency(good.len()), recency(bad.len()), Bandwidth::Gaps),
            Flavour::Watanabe => {
                (expected_improvement(&good, split), uniform(bad.len()), Bandwidth::GapsWithPrior)
            }
        };
        (
            Parzen::new(shapes, &observations(&good, dimensions), weigh_good, bandwidth),
            Parzen::new(shapes, &observations(&bad, dimensions), weigh_bad, bandwidth),
        )
    }

    /// Draws the candidates of these dimensions from the good density and ranks them by the ratio of the two.
    fn rank(&self, ask: &Ask<'_>, split: &Split<'_>, dimensions: Vec<usize>) -> Block {
        let shapes: Vec<Shape> = dimensions.iter().map(|&i| ask.axes[i].shape()).collect();
        let (good, bad) = self.densities(&shapes, split, &dimensions);
        let candidates = draw(ask, &good, &dimensions);
        let ratios = good.log_densities(&candidates).into_iter().zip(bad.log_densities(&candidates));
        let mut scored: Vec<(f64, Vec<f64>)> = ratios.map(|(good, bad)| good - bad).zip(candidates).collect();
        scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        Block { dimensions, candidates: scored.into_iter().map(|(_, candidate)| candidate).collect() }
    }
}

fn has_all(trial: &Seen, dimensions: &[usize]) -> bool {
    dimensions.iter().all(|&d| trial.coordinates[d].is_some())
}

/// The coordinates in those dimensions.
fn observations(trials: &[&Seen], dimensions: &[usize]) -> Vec<Vec<f64>> {
    trials.iter().map(|t| dimensions.iter().filter_map(|&d| t.coordinates[d]).collect()).collect()
}

/// Draws candidates; one component gives all dimensions of a candidate. The choice of components and each dimension have
/// generators of their own.
fn draw(ask: &Ask<'_>, good: &Parzen, dimensions: &[usize]) -> Vec<Vec<f64>> {
    let mut chooser = ask.seeds.child("component", ask.axes[dimensions[0]].name());
    let components: Vec<usize> = (0..CANDIDATES).map(|_| good.choose(&mut chooser)).collect();
    let mut candidates = vec![Vec::new(); CANDIDATES];
    for (d, &i) in dimensions.iter().enumerate() {
        let mut rng = ask.seeds.child("draw", ask.axes[i].name());
        for (candidate, &component) in candidates.iter_mut().zip(&components) {
            candidate.push(good.draw(component, d, &mut rng));
        }
    }
    candidates
}

/// Dimensions sampled jointly, and their candidates, the best first.
#[derive(Debug)]
struct Block {
    dimensions: Vec<usize>,
    candidates: Vec<Vec<f64>>,
}

impl Block {
    /// The coordinate of dimension `i` in the candidate at that rank; `None` where the block lacks the dimension.
    fn coordinate(&self, rank: usize, i: usize) -> Option<f64> {
        self.dimensions.iter().position(|&d| d == i).map(|d| self.candidates[rank][d])
    }
}

#[cfg(test)]
mod tests;
