//! The search space: dimensions, when each is active, and what lies in it. A [`Space`] that exists is valid.
//!
//! Bounds are inclusive on both sides. A `step` that does not divide the range leaves the top unreachable; the grid
//! then ends below it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::params::{ParamValues, Params, Scalar};
use crate::prior::Prior;

/// One searched parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// The parameter's name.
    pub name: String,
    /// The values it may take.
    pub domain: Domain,
    /// The dimension is active only where each named earlier dimension has one of the listed values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: BTreeMap<String, Vec<Scalar>>,
    /// Where good values are expected before any trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<Prior>,
}

/// The values that a dimension may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Domain {
    /// Real numbers in `min..=max`.
    Float {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
        /// Search the logarithm.
        #[serde(default)]
        log: bool,
        /// Only `min + k * step`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<f64>,
    },
    /// Whole numbers in `min..=max`.
    Int {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
        /// Search the logarithm.
        #[serde(default)]
        log: bool,
        /// Only `min + k * step`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<i64>,
    },
    /// Listed values whose order means something.
    Ordinal {
        /// The values, in their order.
        values: Vec<Scalar>,
    },
    /// Listed values without an order.
    Categorical {
        /// The values.
        values: Vec<Scalar>,
    },
}

/// Dimensions in file order, valid once built.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(transparent)]
pub struct Space(Vec<Dimension>);

/// Why a space, or a point, is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{dimension}: {problem}")]
pub struct InvalidSpace {
    /// The dimension at fault.
    pub dimension: String,
    /// The key within it at fault (`min`, `values`, `when`, ...), where one is.
    pub key: Option<&'static str>,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl InvalidSpace {
    fn new(dimension: &str, key: impl Into<Option<&'static str>>, problem: impl Into<String>) -> Self {
        Self { dimension: dimension.to_owned(), key: key.into(), problem: problem.into() }
    }
}

impl<'de> Deserialize<'de> for Space {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Space::new(Vec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl Space {
    /// Builds a space from its dimensions.
    ///
    /// # Errors
    /// The first dimension with a reversed range, a non-positive bound under `log`, a bad step, a double name, an
    /// empty or repeated list of values, or a condition that no earlier dimension can meet.
    pub fn new(dimensions: Vec<Dimension>) -> Result<Self, InvalidSpace> {
        for (i, dimension) in dimensions.iter().enumerate() {
            let earlier = &dimensions[..i];
            if earlier.iter().any(|d| d.name == dimension.name) {
                return Err(InvalidSpace::new(&dimension.name, None, "is given twice; remove one"));
            }
            dimension.domain.check(&dimension.name)?;
            if let Some(prior) = &dimension.prior {
                let fault = |problem| InvalidSpace::new(&dimension.name, "prior", problem);
                prior.check(&dimension.domain).map_err(fault)?;
            }
            check_when(dimension, earlier)?;
        }
        Ok(Self(dimensions))
    }

    /// The dimensions, in file order.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.0
    }

    /// The dimension of that name.
    pub fn dimension(&self, name: &str) -> Option<&Dimension> {
        self.0.iter().find(|d| d.name == name)
    }

    /// Makes a point of the space out of loose values.
    ///
    /// # Errors
    /// The first active dimension without a value or with one outside its domain, or the first name that is not
    /// active.
    pub fn admit(&self, values: ParamValues) -> Result<Params, InvalidSpace> {
        for dimension in &self.0 {
            let value = values.get(&dimension.name);
            match (dimension.is_active(&values), value) {
                (true, None) => return Err(InvalidSpace::new(&dimension.name, None, "has no value")),
                (false, Some(_)) => {
                    return Err(InvalidSpace::new(
                        &dimension.name,
                        "when",
                        "has a value though its condition does not hold",
                    ));
                }
                (true, Some(value)) if !dimension.domain.contains(value) => {
                    return Err(InvalidSpace::new(
                        &dimension.name,
                        None,
                        format!("{value} is outside its domain"),
                    ));
                }
                _ => {}
            }
        }
        match values.keys().find(|name| self.dimension(name).is_none()) {
            Some(name) => Err(InvalidSpace::new(name, None, "is no dimension of the space")),
            None => Ok(Params(values)),
        }
    }
}

impl Dimension {
    /// Whether the dimension's condition holds, given the values of the earlier ones.
    pub fn is_active(&self, values: &ParamValues) -> bool {
        self.when.iter().all(|(parent, wanted)| {
            values.get(parent).is_some_and(|have| wanted.iter().any(|w| w.same(have)))
        })
    }
}

impl Domain {
    /// Whether the value lies in the domain (on the grid, where there is a step).
    pub fn contains(&self, value: &Scalar) -> bool {
        match self {
            Self::Float { min, max, step, .. } => value.as_f64().is_some_and(|v| {
                let on_grid = step.is_none_or(|s| {
                    let k = (v - min) / s;
                    (k - k.round()).abs() < 1e-6
                });
                *min <= v && v <= *max && on_grid
            }),
            Self::Int { min, max, step, .. } => matches!(
                value, Scalar::Int(v) if min <= v && v <= max && (v - min) % step.unwrap_or(1) == 0
            ),
            Self::Ordinal { values } | Self::Categorical { values } => values.iter().any(|v| v.same(value)),
        }
    }

    /// Whether the value lies between the domain's ends, on its grid or not; of listed values, among them.
    pub(crate) fn spans(&self, value: &Scalar) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "bounds of parameters are far below 2^53")]
        let (min, max) = match self {
            Self::Float { min, max, .. } => (*min, *max),
            Self::Int { min, max, .. } => (*min as f64, *max as f64),
            Self::Ordinal { .. } | Self::Categorical { .. } => return self.contains(value),
        };
        value.as_f64().is_some_and(|value| min <= value && value <= max)
    }

    fn check(&self, name: &str) -> Result<(), InvalidSpace> {
        match self {
            Self::Float { min, max, log, step } => check_range(name, *min, *max, *log, *step),
            #[expect(clippy::cast_precision_loss, reason = "bounds of parameters are far below 2^53")]
            Self::Int { min, max, log, step } => {
                check_range(name, *min as f64, *max as f64, *log, step.map(|s| s as f64))
            }
            Self::Ordinal { values } | Self::Categorical { values } => check_values(name, values),
        }
    }
}

fn check_range(name: &str, min: f64, max: f64, log: bool, step: Option<f64>) -> Result<(), InvalidSpace> {
    let fault = |key, problem: String| Err(InvalidSpace::new(name, key, problem));
    if !min.is_finite() || !max.is_finite() {
        return fault("min", format!("the range {min} .. {max} must be finite"));
    }
    if min > max {
        return fault("min", format!("min {min} is larger than max {max}; swap them"));
    }
    if log && min <= 0.0 {
        return fault("min", format!("a log scale needs a positive min, not {min}"));
    }
    match step {
        Some(step) if step.is_nan() || step <= 0.0 => fault("step", format!("step {step} must be positive")),
        Some(step) if step > max - min => {
            fault("step", format!("step {step} is larger than the range {min} .. {max}"))
        }
        Some(_) if log => fault("step", "step and log do not go together; give one of them".to_owned()),
        _ => Ok(()),
    }
}

fn check_values(name: &str, values: &[Scalar]) -> Result<(), InvalidSpace> {
    if values.is_empty() {
        return Err(InvalidSpace::new(name, "values", "values is empty; list at least one"));
    }
    for (i, value) in values.iter().enumerate() {
        if values[..i].iter().any(|v| v.same(value)) {
            return Err(InvalidSpace::new(name, "values", format!("{value} is listed twice")));
        }
    }
    Ok(())
}

fn check_when(dimension: &Dimension, earlier: &[Dimension]) -> Result<(), InvalidSpace> {
    for (parent, wanted) in &dimension.when {
        let fault = |problem| Err(InvalidSpace::new(&dimension.name, "when", problem));
        let Some(parent) = earlier.iter().find(|d| &d.name == parent) else {
            return fault(format!("{parent} is no earlier parameter; name one that stands above it"));
        };
        if wanted.is_empty() {
            return fault(format!("lists no value of {}; list at least one", parent.name));
        }
        if let Some(value) = wanted.iter().find(|v| !parent.domain.contains(v)) {
            return fault(format!("{} can never be {value}", parent.name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(name: &str, min: f64, max: f64, log: bool) -> Dimension {
        Dimension {
            name: name.into(),
            domain: Domain::Float { min, max, log, step: None },
            when: BTreeMap::new(),
            prior: None,
        }
    }

    fn choice(name: &str, values: &[&str]) -> Dimension {
        let values = values.iter().map(|v| Scalar::Text((*v).into())).collect();
        Dimension {
            name: name.into(),
            domain: Domain::Categorical { values },
            when: BTreeMap::new(),
            prior: None,
        }
    }

    #[test]
    fn a_reversed_range_is_refused_with_the_way_out() {
        let error = Space::new(vec![float("lr", 1.0, 0.1, false)]).unwrap_err();
        assert_eq!(error.to_string(), "lr: min 1 is larger than max 0.1; swap them");
    }

    #[test]
    fn a_log_scale_needs_positive_bounds() {
        assert!(Space::new(vec![float("lr", 0.0, 0.1, true)]).unwrap_err().problem.contains("positive"));
    }

    #[test]
    fn a_condition_must_name_an_earlier_dimension_and_a_possible_value() {
        let mut momentum = float("momentum", 0.0, 1.0, false);
        momentum.when = [("optimizer".to_owned(), vec![Scalar::Text("sgd".into())])].into();
        assert!(Space::new(vec![momentum.clone()]).is_err());
        assert!(Space::new(vec![choice("optimizer", &["adam"]), momentum.clone()]).is_err());
        let space = Space::new(vec![choice("optimizer", &["adam", "sgd"]), momentum]).unwrap();
        let adam: ParamValues = [("optimizer".to_owned(), Scalar::Text("adam".into()))].into();
        assert!(space.admit(adam.clone()).is_ok());
        let mut wrong = adam;
        wrong.insert("momentum".into(), Scalar::Float(0.5));
        assert!(space.admit(wrong).is_err());
    }

    #[test]
    fn a_space_read_from_json_is_checked() {
        let json = r#"[{"name":"lr","domain":{"kind":"float","min":2,"max":1}}]"#;
        assert!(serde_json::from_str::<Space>(json).unwrap_err().to_string().contains("swap them"));
    }
}
