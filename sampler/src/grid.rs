//! Every configuration of a grid, in an order shuffled by the study's seed.
//!
//! Counted dimensions with few values take them all; others take evenly spaced ones, as many as the budget has room
//! for. Knows the history only to pass over configurations that were tried.

use rand::RngExt;

use crate::axis::{Axis, Point};
use crate::random;
use crate::sampler::{Ask, Drawn, Sampler};

/// Values of a dimension where nobody has stated a budget.
const DEFAULT_LEVELS: usize = 5;
/// A counted dimension with at most this many values takes all of them.
const ALL_UP_TO: usize = 32;
/// Configurations that are passed over before a draw at random.
const MOST_PASSED: usize = 1 << 16;

/// Walks the grid.
#[derive(Debug)]
pub(crate) struct Grid;

impl Sampler for Grid {
    fn name(&self) -> &'static str {
        "grid"
    }

    fn version(&self) -> u32 {
        2
    }

    fn draw(&self, ask: &Ask<'_>) -> Drawn {
        Drawn::modelled(next(ask, &levels(ask)).unwrap_or_else(|| random::draw_new(ask)))
    }
}

/// A configuration that has not been tried, in a space that can be counted; `None` where that space is exhausted, or
/// too large to be walked.
pub(crate) fn untried(ask: &Ask<'_>) -> Option<Point> {
    let all = |axis: &Axis<'_>| -> Option<Vec<f64>> {
        axis.count().map(|count| (0..count).map(|level| axis.level(level, count)).collect())
    };
    let size = ask.axes.iter().map(Axis::count).try_fold(1_usize, |size, count| size.checked_mul(count?));
    if size? > MOST_PASSED {
        return None;
    }
    next(ask, &ask.axes.iter().map(all).collect::<Option<Vec<_>>>()?)
}

/// The first untried configuration of those levels from the trial's own on.
fn next(ask: &Ask<'_>, levels: &[Vec<f64>]) -> Option<Point> {
    let size = levels.iter().fold(1_u64, |size, levels| size.saturating_mul(levels.len() as u64));
    let order = Shuffle::new(ask, size);
    let own = u64::from(ask.number.saturating_sub(1));
    let tried = |point: &Point| ask.view.trials().any(|t| *t.coordinates == *point.coordinates);
    let passed = (0..size.min(MOST_PASSED as u64)).map(|step| order.at(own.wrapping_add(step) % size));
    passed.map(|cell| point(ask, levels, cell)).find(|point| !tried(point))
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

/// As many values for each of the `open` dimensions as make a grid within the budget; 2 at least.
fn spaced_levels(trials: usize, counted: usize, open: usize) -> usize {
    let size = |levels: usize| (0..open).fold(counted, |size, _| size.saturating_mul(levels));
    (3..=ALL_UP_TO).take_while(|&levels| size(levels) <= trials).last().unwrap_or(2)
}

/// The cell's coordinates are the digits of its number, one base for each dimension.
fn point(ask: &Ask<'_>, levels: &[Vec<f64>], mut cell: u64) -> Point {
    let digits: Vec<f64> = levels
        .iter()
        .map(|levels| {
            let digit = levels[(cell % levels.len() as u64) as usize];
            cell /= levels.len() as u64;
            digit
        })
        .collect();
    Point::walk(&ask.axes, |i| digits[i])
}

/// All cells once, in steps of a stride that shares no divisor with their number.
struct Shuffle {
    size: u64,
    offset: u64,
    stride: u64,
}

impl Shuffle {
    fn new(ask: &Ask<'_>, size: u64) -> Self {
        let mut rng = ask.seeds.study("grid");
        let offset = rng.random_range(0..size);
        let from = rng.random_range(0..size);
        let stride = (from..).find(|&stride| greatest_common_divisor(stride, size) == 1).unwrap_or(1);
        Self { size, offset, stride }
    }

    fn at(&self, i: u64) -> u64 {
        let product = u128::from(i) * u128::from(self.stride) + u128::from(self.offset);
        (product % u128::from(self.size)) as u64
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;
    use crate::history::View;
    use crate::seed::Seeds;
    use pedigree_protocol::objective::Goal;
    use pedigree_protocol::space::{Dimension, Domain};
    use pedigree_protocol::{Scalar, Space};

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
            let mut seen: Vec<String> = (1..=6)
                .map(|number| {
                    let seeds = Seeds::new(seed, number);
                    let axes = Axis::all(&space);
                    let view = View::default();
                    let ask = Ask {
                        axes,
                        goal: Goal::Minimize,
                        seeds,
                        number,
                        trials: Some(6),
                        view: &view,
                        donors: Default::default(),
                    };
                    let values = Grid.draw(&ask).point.into_values(&ask.axes);
                    format!("{:.1e} {}", values["rate"].as_f64().unwrap(), values["batch"])
                })
                .collect();
            seen.sort();
            assert_eq!(seen, ["1.0e-2 16", "1.0e-2 8", "1.0e-3 16", "1.0e-3 8", "1.0e-4 16", "1.0e-4 8"]);
        }
    }
}
