//! A one-dimensional density as masses of bins: smoothed counts, which are never 0.

use crate::axis::Shape;
use crate::real::{exp, pow};

/// Bins of a continuous range.
const BINS: usize = 50;
/// Scott's factor for a normal kernel.
const SCOTT: f64 = 1.059;

/// The masses of a shape's bins: normal kernels of Scott's width at the values, and one uniform observation.
pub(super) fn density(shape: Shape, values: &[f64]) -> Vec<f64> {
    let (low, high) = shape.range();
    let bins = match shape {
        Shape::Choice { count } => count,
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small number of grid points"
        )]
        Shape::Grid { last } if last < BINS as f64 => last as usize + 1,
        _ => BINS,
    };
    let place = |value: f64| (value - low) / (high - low) * bins as f64 - 0.5;
    let places: Vec<f64> = values.iter().map(|value| place(*value)).collect();
    let width = if matches!(shape, Shape::Choice { .. }) { 0.0 } else { width(&places) };
    let mut masses = vec![1.0 / bins as f64; bins];
    for center in places {
        let kernel: Vec<f64> = (0..bins).map(|bin| kernel(bin as f64 - center, width)).collect();
        let sum: f64 = kernel.iter().sum();
        masses.iter_mut().zip(kernel).for_each(|(mass, kernel)| *mass += kernel / sum);
    }
    let sum: f64 = masses.iter().sum();
    masses.iter().map(|mass| mass / sum).collect()
}

fn kernel(distance: f64, width: f64) -> f64 {
    if width == 0.0 {
        return f64::from(u8::from(distance.abs() < 0.5));
    }
    // The floor keeps a kernel that lies between two narrow bins from summing to 0.
    exp(-0.5 * (distance / width).powi(2)).max(1e-300)
}

/// Scott's width in bins, at least half a bin.
fn width(places: &[f64]) -> f64 {
    let count = places.len() as f64;
    let mean = places.iter().sum::<f64>() / count;
    let variance = places.iter().map(|place| (place - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    (SCOTT * variance.sqrt() * pow(count, -0.2)).max(0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_counted_with_one_uniform_observation() {
        // Three observations and one third of one for each choice: (2 + 1/3, 1 + 1/3, 1/3) of 4.
        let masses = density(Shape::Choice { count: 3 }, &[0.0, 0.0, 1.0]);
        let expected = [7.0 / 12.0, 4.0 / 12.0, 1.0 / 12.0];
        masses.iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-12, "{masses:?}"));
    }

    #[test]
    fn every_density_sums_to_one_and_is_never_zero() {
        for shape in [
            Shape::Grid { last: 4.0 },
            Shape::Grid { last: 1000.0 },
            Shape::Continuous { low: -1.0, high: 3.0, log: false },
            Shape::LogInt { min: 2.0, max: 64.0 },
        ] {
            let masses = density(shape, &[shape.settle(2.0), shape.settle(2.0), shape.settle(3.0)]);
            assert!((masses.iter().sum::<f64>() - 1.0).abs() < 1e-9 && masses.iter().all(|m| *m > 0.0));
        }
    }
}
