//! Uniform draws: the baseline, and what other samplers fall back to.
//!
//! Knows the history only to avoid drawing a configuration again while others remain.

use rand::RngExt;

use crate::axis::Point;
use crate::sampler::{Ask, Drawn, Sampler};
use crate::untried;

/// Draws before the untried configurations are counted out instead.
const REDRAWS: usize = 256;

/// Uniform in each dimension's range, or in its logarithm.
#[derive(Debug)]
pub(crate) struct Random;

impl Sampler for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn version(&self) -> u32 {
        2
    }

    fn draw(&self, ask: &Ask<'_>) -> Drawn {
        Drawn::modelled(draw_new(ask))
    }
}

/// A configuration that no trial has, where one is left; otherwise the first draw.
pub(crate) fn draw_new(ask: &Ask<'_>) -> Point {
    let first = draw(ask, 0);
    if !ask.is_repeated(&first) {
        return first;
    }
    let redrawn = (1..REDRAWS).map(|i| draw(ask, i)).find(|point| !ask.is_repeated(point));
    redrawn.or_else(|| untried::any(ask)).unwrap_or(first)
}

fn draw(ask: &Ask<'_>, redraw: usize) -> Point {
    Point::walk(&ask.axes, |i| uniform(ask, i, redraw))
}

/// The coordinate of dimension `i`; each redraw has its own.
pub(crate) fn uniform(ask: &Ask<'_>, i: usize, redraw: usize) -> f64 {
    let axis = &ask.axes[i];
    let unit: f64 = ask.seeds.child(&format!("uniform {redraw}"), axis.name()).random();
    axis.uniform(unit)
}
