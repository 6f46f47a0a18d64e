//! Points of the space as rows of features, and the distance of two rows in each feature.
//!
//! A number becomes its place in the range, 0..1. A choice becomes its position, compared for equality; choices that are
//! all numbers get their rank as a second feature, so that the model may find an order in them. An inactive number counts
//! as the middle of its range, and an inactive choice lies half-way between all choices. So the branches of a conditional
//! space share what they have in common, and the choice that switches them keeps them apart. Knows no kernel and no value
//! of a trial.

use crate::axis::{Axis, Shape};
use crate::real::ln;

/// A place in the middle of a range.
const MIDDLE: f64 = 0.5;
/// Stands for an inactive choice in a row; it is no position.
const ABSENT: f64 = -1.0;
/// The distance from an inactive choice to an active one. Between two different active ones it is 1.
const HALF_WAY: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// The features of a space.
#[derive(Debug)]
pub(super) struct Encoding {
    features: Vec<Feature>,
}

#[derive(Debug)]
enum Feature {
    /// A place in the range: `(coordinate - low) / width`.
    Number { axis: usize, low: f64, width: f64 },
    /// The rank of a choice among numbers, 0..1, by position.
    Rank { axis: usize, ranks: Vec<f64> },
    /// The position of a choice.
    Label { axis: usize },
}

impl Encoding {
    pub(super) fn of(axes: &[Axis<'_>]) -> Self {
        let mut features = Vec::new();
        for (axis, a) in axes.iter().enumerate().filter(|(_, a)| !a.is_fixed()) {
            let mut number =
                |low: f64, high: f64| features.push(Feature::Number { axis, low, width: high - low });
            match a.shape() {
                Shape::Continuous { low, high, .. } => number(low, high),
                Shape::Grid { last } => number(0.0, last),
                Shape::LogInt { min, max } => number(ln(min), ln(max)),
                Shape::Choice { count } => {
                    features.extend(ranks(a, count).map(|ranks| Feature::Rank { axis, ranks }));
                    features.push(Feature::Label { axis });
                }
            }
        }
        Self { features }
    }

    /// Number of features.
    pub(super) fn len(&self) -> usize {
        self.features.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// The features of a point with these coordinates (`None`: inactive).
    pub(super) fn row(&self, coordinates: &[Option<f64>]) -> Vec<f64> {
        let value = |feature: &Feature| match feature {
            Feature::Number { axis, low, width } => coordinates[*axis].map_or(MIDDLE, |c| (c - low) / width),
            Feature::Rank { axis, ranks } => coordinates[*axis].map_or(MIDDLE, |c| ranks[c as usize]),
            Feature::Label { axis } => coordinates[*axis].unwrap_or(ABSENT),
        };
        self.features.iter().map(value).collect()
    }

    /// Writes the distances, in one feature, from many rows' values to another row's value.
    pub(super) fn distances(&self, feature: usize, column: &[f64], to: f64, out: &mut [f64]) {
        let label = |a: f64, b: f64| match () {
            () if a == b => 0.0,
            () if a == ABSENT || b == ABSENT => HALF_WAY,
            () => 1.0,
        };
        let pairs = out.iter_mut().zip(column);
        match self.features[feature] {
            Feature::Number { .. } | Feature::Rank { .. } => pairs.for_each(|(out, a)| *out = (a - to).abs()),
            Feature::Label { .. } => pairs.for_each(|(out, a)| *out = label(*a, to)),
        }
    }
}

/// The rank of each choice, where there are three or more and all are numbers.
fn ranks(axis: &Axis<'_>, count: usize) -> Option<Vec<f64>> {
    let values: Vec<f64> = (0..count).map(|i| axis.decode(i as f64).as_f64()).collect::<Option<_>>()?;
    let below = |v: f64| values.iter().filter(|o| **o < v).count() as f64;
    (count > 2).then(|| values.iter().map(|v| below(*v) / (count - 1) as f64).collect())
}
