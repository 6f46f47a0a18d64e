//! Minimises a smooth function of some dozen variables: limited-memory BFGS with backtracking (Nocedal & Wright 2006,
//! algorithms 7.4, 7.5 and 3.1).
//!
//! Written here because every bit of a suggestion depends on the step rule, and a sampler's version must keep it.

use std::collections::VecDeque;

use super::cholesky::dot;

/// Pairs of steps and gradient changes that are remembered.
const MEMORY: usize = 8;
/// A step must bring at least this share of the decrease that the slope promises.
const ARMIJO: f64 = 1e-4;
/// The search ends where a step needs more halvings.
const BACKTRACKS: usize = 12;
/// The longest step of any variable; the variables are logarithms.
const LONGEST: f64 = 2.0;

/// Where a search ended.
#[derive(Debug)]
pub(super) struct Minimum {
    pub(super) point: Vec<f64>,
    pub(super) value: f64,
}

/// Searches from `start`. `function` gives its value and its gradient; the search ends after `iterations` steps, or with a
/// step that gains less than `tolerance`.
pub(super) fn minimise(
    mut function: impl FnMut(&[f64]) -> (f64, Vec<f64>),
    start: Vec<f64>,
    iterations: usize,
    tolerance: f64,
) -> Minimum {
    let mut x = start;
    let (mut value, mut gradient) = function(&x);
    let mut memory: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::new();
    for _ in 0..iterations {
        let mut direction = descent(&gradient, &memory);
        let slope = dot(&direction, &gradient);
        if slope.is_nan() || slope >= 0.0 {
            break;
        }
        let longest = direction.iter().fold(0.0_f64, |m, d| m.max(d.abs()));
        let first = if memory.is_empty() { 1.0 / longest.max(1.0) } else { 1.0 };
        let mut step = first * (LONGEST / (longest * first)).min(1.0);
        let mut reached = None;
        for _ in 0..BACKTRACKS {
            let there: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + step * d).collect();
            let (v, g) = function(&there);
            if v <= value + ARMIJO * step * slope {
                reached = Some((there, v, g));
                break;
            }
            step *= 0.5;
        }
        let Some((there, v, g)) = reached else { break };
        direction.iter_mut().for_each(|d| *d *= step);
        let change: Vec<f64> = g.iter().zip(&gradient).map(|(new, old)| new - old).collect();
        if dot(&direction, &change) > 1e-10 {
            memory.push_front((direction, change));
            memory.truncate(MEMORY);
        }
        let gain = value - v;
        (x, value, gradient) = (there, v, g);
        if gain < tolerance {
            break;
        }
    }
    Minimum { point: x, value }
}

/// The step direction: minus the remembered inverse curvature times the gradient.
fn descent(gradient: &[f64], memory: &VecDeque<(Vec<f64>, Vec<f64>)>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for (s, y) in memory {
        let share = dot(s, &q) / dot(s, y);
        q.iter_mut().zip(y).for_each(|(q, y)| *q -= share * y);
        shares.push(share);
    }
    if let Some((s, y)) = memory.front() {
        let scale = dot(s, y) / dot(y, y);
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for ((s, y), share) in memory.iter().zip(shares).rev() {
        let correction = share - dot(y, &q) / dot(s, y);
        q.iter_mut().zip(s).for_each(|(q, s)| *q += correction * s);
    }
    q
}
