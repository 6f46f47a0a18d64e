//! The search space: dimensions, when each is active, and what lies in it. A [`Space`] that exists is valid.
//!
//! Bounds are inclusive on both sides. A `step` that does not divide the range leaves the top unreachable; the grid
//! then ends below it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{Domain, InvalidDomain};
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
            let invalid = |key, problem| InvalidSpace::new(&dimension.name, key, problem);
            dimension.domain.check().map_err(|InvalidDomain { key, problem }| invalid(key, problem))?;
            if let Some(prior) = &dimension.prior {
                prior.check(&dimension.domain).map_err(|problem| invalid("prior", problem))?;
            }
            check_when(dimension, earlier)?;
        }
        Ok(Self(dimensions))
    }

    /// Refuses what cannot be searched although each value can be read: a grid with more points than can be counted.
    /// Studies that were created before this was asked keep their space.
    ///
    /// # Errors
    /// The first dimension with such a grid.
    pub fn check_grids(&self) -> Result<(), InvalidSpace> {
        self.0.iter().try_for_each(|dimension| {
            let invalid = |InvalidDomain { key, problem }| InvalidSpace::new(&dimension.name, key, problem);
            dimension.domain.check_grid().map_err(invalid)
        })
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
                        format!("{value} is outside its domain: {}", dimension.domain),
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
    fn a_configuration_outside_the_space_is_told_the_domain() {
        let mut batch = choice("batch_size", &[]);
        batch.domain = Domain::Int { min: 8, max: 64, log: false, step: Some(8) };
        let space = Space::new(vec![float("lr", 1e-4, 0.1, true), batch, choice("targets", &["qv", "qkvo"])]);
        let space = space.unwrap();
        let refused = |lr: f64, batch: i64, targets: &str| {
            let values = [
                ("lr", Scalar::Float(lr)),
                ("batch_size", Scalar::Int(batch)),
                ("targets", Scalar::Text(targets.into())),
            ];
            space.admit(values.map(|(name, value)| (name.to_owned(), value)).into()).unwrap_err().to_string()
        };
        assert_eq!(refused(1.0, 8, "qv"), "lr: 1 is outside its domain: 1e-4 to 0.1");
        assert_eq!(
            refused(0.1, 12, "qv"),
            "batch_size: 12 is outside its domain: 8 to 64 in whole steps of 8"
        );
        assert_eq!(refused(0.1, 16, "all"), "targets: all is outside its domain: one of qv, qkvo");
    }

    #[test]
    fn a_space_read_from_json_is_checked() {
        let json = r#"[{"name":"lr","domain":{"kind":"float","min":2,"max":1}}]"#;
        assert!(serde_json::from_str::<Space>(json).unwrap_err().to_string().contains("swap them"));
    }
}
