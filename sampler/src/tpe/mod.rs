//! Multivariate tree-structured Parzen estimators: from the split of the history (`split`) to two densities
//! (`parzen` over `truncnorm`) for each block of dimensions, and the candidate that favours the good one (`score`).
//!
//! Pending trials stand on the bad side, so that parallel suggestions keep their distance from each other.

mod parzen;
mod score;
mod split;
mod truncnorm;

use std::iter;

use self::score::{Block, CANDIDATES};
use self::split::split;
use crate::axis::Point;
use crate::random;
use crate::sampler::{Ask, Drawn, Sampler};

/// Finished trials before the densities are trusted; until then draws are random.
const STARTUP_TRIALS: usize = 10;

/// Ours.
pub(crate) const TPE: Tpe = Tpe { name: "tpe", version: 1 };
/// The defaults of Optuna 5.0.
pub(crate) const OPTUNA_5: Tpe = Tpe { name: "optuna-5", version: 1 };

/// Draws where good trials are dense and bad ones are not.
#[derive(Debug)]
pub(crate) struct Tpe {
    name: &'static str,
    version: u32,
}

impl Sampler for Tpe {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn draw(&self, ask: &Ask<'_>) -> Drawn {
        if ask.view.numbers(true).len() < STARTUP_TRIALS {
            return Drawn::startup(random::draw_new(ask));
        }
        let split = split(&ask.view.trials, ask.goal);
        let blocks: Vec<Block> =
            blocks(ask).into_iter().map(|dimensions| Block::rank(ask, &split, dimensions)).collect();
        let ranked = |rank: usize| {
            Point::walk(&ask.axes, |i| {
                let coordinate = blocks.iter().find_map(|block| block.coordinate(rank, i));
                coordinate.unwrap_or_else(|| random::uniform(ask, i, 0))
            })
        };
        let new = (0..CANDIDATES)
            .map(ranked)
            .chain(iter::once_with(|| random::draw_new(ask)))
            .find(|point| !ask.is_repeated(point));
        Drawn::modelled(new.unwrap_or_else(|| ranked(0)))
    }
}

/// Partitions the dimensions that some trial has, in file order, into blocks that every trial has or lacks as a whole.
/// Dimensions without a choice are left out, and so are those that no trial has had yet.
fn blocks(ask: &Ask<'_>) -> Vec<Vec<usize>> {
    let presence =
        |i: usize| -> Vec<bool> { ask.view.trials.iter().map(|t| t.coordinates[i].is_some()).collect() };
    let mut blocks: Vec<(Vec<bool>, Vec<usize>)> = Vec::new();
    for i in (0..ask.axes.len()).filter(|&i| !ask.axes[i].is_fixed()) {
        let present = presence(i);
        match blocks.iter_mut().find(|(known, _)| *known == present) {
            Some((_, block)) => block.push(i),
            None if present.contains(&true) => blocks.push((present, vec![i])),
            None => {}
        }
    }
    blocks.into_iter().map(|(_, block)| block).collect()
}
