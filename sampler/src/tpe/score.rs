//! A block of dimensions that belong together: candidates from the density of the good trials, in the order of how
//! much likelier they are there than among the bad ones.

use super::parzen::Parzen;
use super::split::Split;
use crate::axis::Shape;
use crate::history::Seen;
use crate::sampler::Ask;

/// Candidates that are drawn and scored for each block.
pub(crate) const CANDIDATES: usize = 24;

/// Dimensions sampled jointly, and their candidates, the best first.
#[derive(Debug)]
pub(crate) struct Block {
    dimensions: Vec<usize>,
    candidates: Vec<Vec<f64>>,
}

impl Block {
    /// Draws and ranks the candidates of these dimensions, all of which are active in the same trials.
    pub(crate) fn rank(ask: &Ask<'_>, split: &Split<'_>, dimensions: Vec<usize>) -> Self {
        let shapes: Vec<Shape> = dimensions.iter().map(|&i| ask.axes[i].shape()).collect();
        let good = Parzen::new(&shapes, &observations(&split.good, &dimensions));
        let bad = Parzen::new(&shapes, &observations(&split.bad, &dimensions));
        let candidates = draw(ask, &good, &dimensions);
        let mut scored: Vec<(f64, Vec<f64>)> = good
            .log_densities(&candidates)
            .into_iter()
            .zip(bad.log_densities(&candidates))
            .map(|(good, bad)| good - bad)
            .zip(candidates)
            .collect();
        scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        Self { dimensions, candidates: scored.into_iter().map(|(_, candidate)| candidate).collect() }
    }

    /// The coordinate of dimension `i` in the candidate at that rank; `None` where the block has no such dimension.
    pub(crate) fn coordinate(&self, rank: usize, i: usize) -> Option<f64> {
        self.dimensions.iter().position(|&d| d == i).map(|d| self.candidates[rank][d])
    }
}

/// The coordinates in those dimensions of the trials that have them.
fn observations(trials: &[&Seen], dimensions: &[usize]) -> Vec<Vec<f64>> {
    trials.iter().filter_map(|t| dimensions.iter().map(|&d| t.coordinates[d]).collect()).collect()
}

/// Each candidate comes from one component in all dimensions. Components and each dimension have generators of their
/// own.
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
