//! A scrambled Sobol sequence: trial n gets point n. The points fill the space evenly, even if trials are drawn out of
//! order.
//!
//! The sequence has the direction numbers of Joe and Kuo and Owen scrambling by hashing (Burley, *Practical Hash-based Owen
//! Scrambling*, JCGT 9(4), 2020). Samplers that learn use it as their start-up design. It looks at the history only to
//! avoid repetitions.

use rand::RngExt;

use crate::axis::Point;
use crate::random;
use crate::sampler::{Ask, Drawn, Sampler};

/// Points of one sequence. After them the next sequence begins, with another scrambling.
const POINTS: u32 = 1 << 16;
/// Dimensions of one sequence.
const DIMENSIONS: u32 = 256;
/// If the trial's own point is a repetition, up to this many points are tried in turn.
const SKIPS: u32 = 64;

/// The point with the trial's number.
#[derive(Debug)]
pub(crate) struct Sobol;

impl Sampler for Sobol {
    fn name(&self) -> &'static str {
        "sobol"
    }

    fn version(&self) -> u32 {
        2
    }

    fn draw(&self, ask: &Ask<'_>) -> Drawn {
        Drawn::modelled(draw_new(ask, ask.number, |i, unit| ask.axes[i].uniform(unit)))
    }
}

/// The point at `place`, counted from 1. If it repeats a trial, a point from far later in the sequence or a random one
/// replaces it.
/// `coordinate` maps a dimension and a share of its mass to a coordinate.
pub(crate) fn draw_new(ask: &Ask<'_>, place: u32, coordinate: impl Fn(usize, f64) -> f64) -> Point {
    let sequence = ask.seeds.study("sobol").random();
    let own = place.saturating_sub(1);
    // Half the sequence away from the trials' own points; each trial has a stretch of its own.
    let skipped =
        (1..SKIPS).map(|skip| (POINTS / 2).wrapping_add(own.wrapping_mul(SKIPS)).wrapping_add(skip));
    let fresh = std::iter::once(own).chain(skipped).map(|index| point(ask, index, sequence, &coordinate));
    let mut fresh = fresh.filter(|point| !ask.is_repeated(point));
    fresh.next().unwrap_or_else(|| random::draw_new(ask))
}

fn point(ask: &Ask<'_>, index: u32, sequence: u32, coordinate: &impl Fn(usize, f64) -> f64) -> Point {
    Point::walk(&ask.axes, |i| {
        let dimension = u32::try_from(i).unwrap_or(u32::MAX);
        let scramble = sequence
            .wrapping_add(index / POINTS)
            .wrapping_add((dimension / DIMENSIONS).wrapping_mul(0x9E37_79B9));
        coordinate(i, f64::from(sobol_burley::sample(index % POINTS, dimension % DIMENSIONS, scramble)))
    })
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::objective::Goal;
    use pedigree_protocol::{Dimension, Domain};
    use pedigree_protocol::{Method, ParamValues, Space};

    use super::*;
    use crate::axis::Axis;
    use crate::history::View;
    use crate::sampler::Search;

    /// Each of the first 32 points of every pair of dimensions falls into a cell of its own, 32 by 1 and 1 by 32.
    #[test]
    fn the_first_points_are_stratified_in_every_dimension() {
        let float = |name: &str| Dimension {
            name: name.to_owned(),
            domain: Domain::Float { min: 0.0, max: 32.0, log: false, step: None },
            when: Default::default(),
            prior: None,
        };
        let space = Space::new((0..6).map(|i| float(&i.to_string())).collect()).unwrap();
        for seed in 0..10 {
            let search =
                Search { method: Method::Sobol, space: &space, goal: Goal::Minimize, seed, trials: None };
            let view = View::default();
            let point = |number| {
                let ask = Ask::new(&search, Axis::all(&space), number, &view);
                Sobol.draw(&ask).point.into_values(&ask.axes)
            };
            let points: Vec<ParamValues> = (1..=32).map(point).collect();
            for dimension in space.dimensions() {
                let cell = |p: &ParamValues| p[&dimension.name].as_f64().unwrap() as u32;
                let mut cells: Vec<u32> = points.iter().map(cell).collect();
                cells.sort_unstable();
                assert_eq!(cells, (0..32).collect::<Vec<_>>(), "seed {seed}, dimension {}", dimension.name);
            }
        }
    }
}
