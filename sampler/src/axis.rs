//! A dimension as numbers: where its values lie on the real line, what its grid is, and how to get back to a value.
//!
//! The coordinate of a continuous dimension is its value, or the logarithm under `log`. The coordinate of anything on a
//! grid (integers, steps, ordinals) is its index, and a bin is 1 wide. Integers on a log scale have bins that get narrower.
//! The coordinate of a choice is its position. Nothing here draws or learns.

use std::borrow::Borrow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::real::{exp, ln};
use pedigree_protocol::{Dimension, Domain};
use pedigree_protocol::{ParamValues, Prior, Scalar, Space};

/// A dimension of the space and its shape on the real line.
#[derive(Debug)]
pub(crate) struct Axis<'a> {
    dimension: &'a Dimension,
    /// The conditions: earlier dimensions by place, each with the values under which this dimension is active.
    when: Vec<(usize, &'a [Scalar])>,
    shape: Shape,
}

/// How the values of a dimension lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// Real coordinates; the logarithm of the value under `log`.
    Continuous { low: f64, high: f64, log: bool },
    /// Indices `0..=last`.
    Grid { last: f64 },
    /// Logarithms of the whole numbers `min..=max`.
    LogInt { min: f64, max: f64 },
    /// Positions `0..count`, without an order.
    Choice { count: usize },
}

/// What a dimension needs to be active: an earlier dimension that has one of these coordinates.
#[derive(Debug)]
pub(crate) struct Condition {
    /// The earlier dimension, by place.
    parent: usize,
    wanted: Vec<f64>,
}

impl Condition {
    /// Whether it holds; `coordinates` are those of the earlier dimensions.
    pub(crate) fn holds(&self, coordinates: &[Option<f64>]) -> bool {
        coordinates[self.parent].is_some_and(|have| self.wanted.contains(&have))
    }
}

impl<'a> Axis<'a> {
    /// The axes of a space, in file order.
    pub(crate) fn all(space: &'a Space) -> Vec<Self> {
        let dimensions = space.dimensions();
        let place = |name: &String| dimensions.iter().position(|d| d.name == *name);
        let axis = |dimension: &'a Dimension| {
            let when = dimension.when.iter();
            let when = when.filter_map(|(parent, wanted)| place(parent).map(|p| (p, wanted.as_slice())));
            Self { dimension, when: when.collect(), shape: Shape::of(&dimension.domain) }
        };
        dimensions.iter().map(axis).collect()
    }

    /// The conditions of each dimension; it is active where all of them hold.
    pub(crate) fn conditions(axes: &[Self]) -> Vec<Vec<Condition>> {
        let condition = |&(parent, values): &(usize, &[Scalar])| {
            let wanted = values.iter().map(|value| axes[parent].encode(value)).collect();
            Condition { parent, wanted }
        };
        axes.iter().map(|axis| axis.when.iter().map(condition).collect()).collect()
    }

    /// Whether the condition holds, given the values of the earlier dimensions, by place.
    fn is_active<S: Borrow<Scalar>>(&self, values: &[Option<S>]) -> bool {
        self.when.iter().all(|(parent, wanted)| {
            values[*parent].as_ref().is_some_and(|have| wanted.iter().any(|w| w.same(have.borrow())))
        })
    }

    pub(crate) fn name(&self) -> &'a str {
        &self.dimension.name
    }

    /// What the space states about where good values lie.
    pub(crate) fn prior(&self) -> Option<&'a Prior> {
        self.dimension.prior.as_ref()
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether the dimension has one value only.
    pub(crate) fn is_fixed(&self) -> bool {
        match self.shape {
            Shape::Continuous { low, high, .. } => low >= high,
            Shape::Grid { last } => last <= 0.0,
            Shape::LogInt { min, max } => min >= max,
            Shape::Choice { count } => count == 1,
        }
    }

    /// Whether the values can be counted. Two draws may then be the same.
    pub(crate) fn is_discrete(&self) -> bool {
        self.is_fixed() || !matches!(self.shape, Shape::Continuous { .. })
    }

    /// How many values there are; `None` where they cannot be counted.
    pub(crate) fn count(&self) -> Option<usize> {
        match self.shape {
            _ if self.is_fixed() => Some(1),
            Shape::Continuous { .. } => None,
            Shape::Grid { last } => counted(last),
            Shape::LogInt { min, max } => counted(max - min),
            Shape::Choice { count } => Some(count),
        }
    }

    /// The coordinate of level `level` of `levels`. The first and the last level are the ends of the range; a countable
    /// dimension with as many values as levels takes every value.
    pub(crate) fn level(&self, level: usize, levels: usize) -> f64 {
        let share = level as f64 / levels.saturating_sub(1).max(1) as f64;
        match self.shape {
            Shape::Continuous { low, high, .. } => low + share * (high - low),
            Shape::Grid { last } => self.shape.settle(share * last),
            Shape::LogInt { min, max } if self.count() == Some(levels) => ln((min + level as f64).min(max)),
            Shape::LogInt { min, max } => self.shape.settle(ln(min) + share * (ln(max) - ln(min))),
            Shape::Choice { count } => self.shape.settle(share * (count - 1) as f64),
        }
    }

    /// Whether the order of coordinates means nothing.
    pub(crate) fn is_unordered(&self) -> bool {
        matches!(self.shape, Shape::Choice { .. })
    }

    /// The coordinate at the fraction `unit` (in `0..1`) of the range.
    pub(crate) fn uniform(&self, unit: f64) -> f64 {
        let (low, high) = self.shape.range();
        self.shape.settle(low + unit * (high - low))
    }

    /// The coordinate of a value; `None` where it does not lie in the domain.
    fn encode_checked(&self, value: &Scalar) -> Option<f64> {
        match &self.dimension.domain {
            Domain::Ordinal { values } | Domain::Categorical { values } => {
                values.iter().position(|v| v.same(value)).map(|i| i as f64)
            }
            domain => domain.contains(value).then(|| self.encode(value)),
        }
    }

    /// The coordinate of a value of the domain.
    pub(crate) fn encode(&self, value: &Scalar) -> f64 {
        let number = value.as_f64();
        if let (Shape::LogInt { min, max }, Some(whole)) = (self.shape, number) {
            // Clamped as a number: rounding its logarithm would only find the same number again.
            return ln(whole.clamp(min, max));
        }
        let coordinate = match &self.dimension.domain {
            Domain::Float { min, step: Some(step), .. } => number.map(|v| (v - min) / step),
            Domain::Int { log: false, min, step, .. } => {
                number.map(|v| (v - *min as f64) / step.unwrap_or(1) as f64)
            }
            Domain::Float { log: false, .. } => number,
            Domain::Float { log: true, .. } | Domain::Int { log: true, .. } => number.map(ln),
            Domain::Ordinal { values } | Domain::Categorical { values } => {
                values.iter().position(|v| v.same(value)).map(|i| i as f64)
            }
        };
        self.shape.settle(coordinate.unwrap_or(f64::NAN))
    }

    /// The value at a coordinate; always in the domain.
    pub(crate) fn decode(&self, coordinate: f64) -> Scalar {
        let settled = self.shape.settle(coordinate);
        match &self.dimension.domain {
            Domain::Float { min, max, log, step } => {
                let value = match step {
                    Some(step) => min + settled * step,
                    None if *log => exp(settled),
                    None => settled,
                };
                let value = Scalar::Float(value.clamp(*min, *max));
                // Where the step is too small beside `min` for doubles to tell its points apart, only the first one is left.
                if self.dimension.domain.contains(&value) { value } else { Scalar::Float(*min) }
            }
            Domain::Int { min, max, log: true, .. } => {
                Scalar::Int((exp(settled).round() as i64).clamp(*min, *max))
            }
            Domain::Int { min, max, step, .. } => {
                let step = i128::from(step.unwrap_or(1));
                let (min, max) = (i128::from(*min), i128::from(*max));
                let index = (settled as i128).clamp(0, (max - min) / step);
                Scalar::Int(i64::try_from(min + index * step).unwrap_or(i64::MAX))
            }
            Domain::Ordinal { values } | Domain::Categorical { values } => values[settled as usize].clone(),
        }
    }
}

impl Shape {
    fn of(domain: &Domain) -> Self {
        match domain {
            Domain::Float { min, max, step: Some(step), .. } => {
                Self::Grid { last: ((max - min) / step + 1e-6).floor() }
            }
            Domain::Float { min, max, log: true, .. } => {
                Self::Continuous { low: ln(*min), high: ln(*max), log: true }
            }
            Domain::Float { min, max, .. } => Self::Continuous { low: *min, high: *max, log: false },
            Domain::Int { min, max, log: true, .. } => Self::LogInt { min: *min as f64, max: *max as f64 },
            Domain::Int { min, max, step, .. } => {
                let last = (i128::from(*max) - i128::from(*min)) / i128::from(step.unwrap_or(1));
                Self::Grid { last: last as f64 }
            }
            Domain::Ordinal { values } => Self::Grid { last: (values.len() - 1) as f64 },
            Domain::Categorical { values } => Self::Choice { count: values.len() },
        }
    }

    /// The range of coordinates; a grid reaches half a step beyond its ends.
    pub(crate) fn range(self) -> (f64, f64) {
        match self {
            Self::Continuous { low, high, .. } => (low, high),
            Self::Grid { last } => (-0.5, last + 0.5),
            Self::LogInt { min, max } => (ln(min - 0.5), ln(max + 0.5)),
            Self::Choice { count } => (-0.5, count as f64 - 0.5),
        }
    }

    /// The coordinate as a fraction of the range; the middle of a range that has no width.
    pub(crate) fn to_unit(self, coordinate: f64) -> f64 {
        let (low, high) = self.range();
        if low < high { (coordinate - low) / (high - low) } else { 0.5 }
    }

    /// Whether the order of coordinates means something.
    pub(crate) fn is_ordered(self) -> bool {
        !matches!(self, Self::Choice { .. })
    }

    /// The nearest coordinate that stands for a value; the first one for NaN.
    pub(crate) fn settle(self, coordinate: f64) -> f64 {
        let within = |low: f64, high: f64, x: f64| if x.is_nan() { low } else { x.clamp(low, high) };
        match self {
            Self::Continuous { low, high, .. } => within(low, high, coordinate),
            Self::Grid { last } => within(0.0, last, coordinate.round()),
            Self::LogInt { min, max } => ln(within(min, max, exp(coordinate).round())),
            Self::Choice { count } => within(0.0, (count - 1) as f64, coordinate.round()),
        }
    }

    /// The bin around a settled coordinate, where the shape has bins.
    pub(crate) fn bin(self, coordinate: f64) -> Option<(f64, f64)> {
        match self {
            Self::Continuous { .. } | Self::Choice { .. } => None,
            Self::Grid { .. } => Some((coordinate - 0.5, coordinate + 0.5)),
            Self::LogInt { .. } => {
                let value = exp(coordinate).round();
                Some((ln(value - 0.5), ln(value + 0.5)))
            }
        }
    }
}

/// How many whole numbers lie in `0..=last`; `None` where doubles cannot tell them apart.
fn counted(last: f64) -> Option<usize> {
    const MOST: f64 = (1_u64 << 53) as f64;
    (last < MOST).then(|| last as usize + 1)
}

/// Reads values by name as coordinates. Made once for each history, because a suggestion reads all of its trials.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    axes: &'a [Axis<'a>],
    /// Places of the axes in the order of their names, which is the order of a trial's values.
    by_name: Vec<usize>,
    space: u64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(axes: &'a [Axis<'a>]) -> Self {
        let mut by_name: Vec<usize> = (0..axes.len()).collect();
        by_name.sort_by_key(|&place| axes[place].name());
        Self { axes, by_name, space: fingerprint(axes) }
    }

    /// A fingerprint that tells spaces apart within this process.
    pub(crate) fn space(&self) -> u64 {
        self.space
    }

    /// The coordinates, one for each axis; `None` where the values are not a point of the space. Decides as
    /// [`Space::admit`] does, but in one pass and without an error sentence. `found` is a buffer, cleared first.
    pub(crate) fn coordinates<'v>(
        &self,
        values: &'v ParamValues,
        found: &mut Vec<Option<&'v Scalar>>,
    ) -> Option<Vec<Option<f64>>> {
        found.clear();
        found.resize(self.axes.len(), None);
        let mut places = self.by_name.iter();
        for (name, value) in values {
            let place = places.find(|&&place| self.axes[place].name() == name)?;
            found[*place] = Some(value);
        }
        let mut coordinates = Vec::with_capacity(self.axes.len());
        for (axis, value) in self.axes.iter().zip(found.iter()) {
            coordinates.push(match value {
                Some(value) if axis.is_active(found) => Some(axis.encode_checked(value)?),
                None if !axis.is_active(found) => None,
                _ => return None,
            });
        }
        Some(coordinates)
    }
}

fn fingerprint(axes: &[Axis<'_>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for axis in axes {
        format!("{:?}", axis.dimension).hash(&mut hasher);
    }
    hasher.finish()
}

/// A drawn point. Each dimension has a place; inactive ones have neither coordinate nor value.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) coordinates: Vec<Option<f64>>,
    values: Vec<Option<Scalar>>,
}

impl Point {
    /// Walks the dimensions in file order and asks `pick` for the coordinate of each active one.
    pub(crate) fn walk(axes: &[Axis<'_>], mut pick: impl FnMut(usize) -> f64) -> Self {
        let mut point = Self { coordinates: vec![None; axes.len()], values: vec![None; axes.len()] };
        for (i, axis) in axes.iter().enumerate() {
            if axis.is_active(&point.values) {
                let value = axis.decode(pick(i));
                point.coordinates[i] = Some(axis.encode(&value));
                point.values[i] = Some(value);
            }
        }
        point
    }

    /// The values by name.
    pub(crate) fn into_values(self, axes: &[Axis<'_>]) -> ParamValues {
        let named = |(axis, value): (&Axis<'_>, Option<Scalar>)| value.map(|v| (axis.name().to_owned(), v));
        axes.iter().zip(self.values).filter_map(named).collect()
    }

    /// Whether every active dimension can be counted.
    pub(crate) fn is_discrete(&self, axes: &[Axis<'_>]) -> bool {
        self.coordinates.iter().zip(axes).all(|(c, axis)| c.is_none() || axis.is_discrete())
    }
}
