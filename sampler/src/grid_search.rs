//! Grid search: every configuration of a grid, in an order that the study's seed shuffles.
//!
//! Dimensions with few values take them all. Others take evenly spaced values, as many as the budget has room for. Knows
//! the history only to pass over configurations that were tried.

use crate::axis::Axis;
use crate::random;
use crate::sampler::{Ask, Drawn, Sampler};
use crate::untried;

/// Values of a spaced dimension where no budget was stated.
const DEFAULT_LEVELS: usize = 5;
/// A countable dimension with at most this many values takes all of them.
const ALL_UP_TO: usize = 32;

/// Walks the grid.
#[derive(Debug)]
pub(crate) struct GridSearch;

impl Sampler for GridSearch {
    fn name(&self) -> &'static str {
        "grid"
    }

    fn version(&self) -> u32 {
        2
    }

    fn draw(&self, ask: &Ask<'_>) -> Drawn {
        Drawn::modelled(untried::next(ask, &levels(ask)).unwrap_or_else(|| random::draw_new(ask)))
    }
}

/// The coordinates that each dimension takes.
fn levels(ask: &Ask<'_>) -> Vec<Vec<f64>> {
    let counts: Vec<Option<usize>> =
        ask.axes.iter().map(|axis| axis.count().filter(|&count| count <= ALL_UP_TO)).collect();
    let counted = counts.iter().flatten().fold(1_usize, |size, &count| size.saturating_mul(count));
    let open = counts.iter().filter(|count| count.is_none()).count();
    let spaced = ask.trials.map_or(DEFAULT_LEVELS, |trials| spaced_levels(trials as usize, counted, open));
    let level = |(axis, count): (&Axis<'_>, &Option<usize>)| -> Vec<f64> {
        let levels = count.unwrap_or(spaced);
        (0..levels).map(|level| axis.level(level, levels)).collect()
    };
    ask.axes.iter().zip(&counts).map(level).collect()
}

/// As many values for each of the `open` dimensions as make a grid within the budget; at least 2.
fn spaced_levels(trials: usize, counted: usize, open: usize) -> usize {
    let size = |levels: usize| (0..open).fold(counted, |size, _| size.saturating_mul(levels));
    (3..=ALL_UP_TO).take_while(|&levels| size(levels) <= trials).last().unwrap_or(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::View;
    use crate::sampler::Search;
    use pedigree_protocol::objective::Goal;
    use pedigree_protocol::{Dimension, Domain};
    use pedigree_protocol::{Method, Scalar, Space};

    #[test]
    fn levels_fill_the_budget() {
        assert_eq!(spaced_levels(40, 1, 2), 6);
        assert_eq!(spaced_levels(40, 3, 1), 13);
        assert_eq!(spaced_levels(40, 4, 3), 2);
        assert_eq!(spaced_levels(40, 40, 0), ALL_UP_TO);
    }

    #[test]
    fn every_configuration_comes_once() {
        let dimension = |name: &str, domain| Dimension {
            name: name.to_owned(),
            domain,
            when: Default::default(),
            prior: None,
        };
        let space = Space::new(vec![
            dimension("rate", Domain::Float { min: 1e-4, max: 1e-2, log: true, step: None }),
            dimension("batch", Domain::Ordinal { values: [8, 16].map(Scalar::Int).to_vec() }),
        ])
        .unwrap();
        for seed in 0..20 {
            let (method, goal) = (Method::GridSearch, Goal::Minimize);
            let search = Search { method, space: &space, goal, seed, trials: Some(6) };
            let mut seen: Vec<String> = (1..=6)
                .map(|number| {
                    let view = View::default();
                    let ask = Ask::new(&search, Axis::all(&space), number, &view);
                    let values = GridSearch.draw(&ask).point.into_values(&ask.axes);
                    format!("{:.1e} {}", values["rate"].as_f64().unwrap(), values["batch"])
                })
                .collect();
            seen.sort();
            assert_eq!(seen, ["1.0e-2 16", "1.0e-2 8", "1.0e-3 16", "1.0e-3 8", "1.0e-4 16", "1.0e-4 8"]);
        }
    }
}
