//! Configurations that have not been tried, found by a walk over a grid of levels.
//!
//! Owns the order of the walk. Must not know how the levels were chosen.

use rand::RngExt;

use crate::axis::{Axis, Point};
use crate::sampler::Ask;

/// The walk passes over at most this many tried configurations.
const MOST_PASSED: usize = 1 << 16;

/// An untried configuration of a countable space; `None` where every one has been tried, or where there are too many to
/// walk.
pub(crate) fn any(ask: &Ask<'_>) -> Option<Point> {
    let all = |axis: &Axis<'_>| -> Option<Vec<f64>> {
        axis.count().map(|count| (0..count).map(|level| axis.level(level, count)).collect())
    };
    let size = ask.axes.iter().map(Axis::count).try_fold(1_usize, |size, count| size.checked_mul(count?));
    if size? > MOST_PASSED {
        return None;
    }
    next(ask, &ask.axes.iter().map(all).collect::<Option<Vec<_>>>()?)
}

/// The first untried configuration of those levels, from the trial's own place on.
pub(crate) fn next(ask: &Ask<'_>, levels: &[Vec<f64>]) -> Option<Point> {
    let size = levels.iter().fold(1_u64, |size, levels| size.saturating_mul(levels.len() as u64));
    let order = Shuffle::new(ask, size);
    let own = u64::from(ask.number.saturating_sub(1));
    let tried = |point: &Point| ask.view.trials().any(|t| *t.coordinates == *point.coordinates);
    let passed = (0..size.min(MOST_PASSED as u64)).map(|step| order.at(own.wrapping_add(step) % size));
    passed.map(|cell| point(ask, levels, cell)).find(|point| !tried(point))
}

/// The point of a cell. Its coordinates are the digits of the cell's number, one base for each dimension.
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

/// Visits every cell once, in steps of a stride that shares no divisor with the number of cells.
struct Shuffle {
    size: u64,
    offset: u64,
    stride: u64,
}

impl Shuffle {
    fn new(ask: &Ask<'_>, size: u64) -> Self {
        // The label is part of the seed: another one would change the order of recorded studies.
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
