//! What is believed of a dimension before any trial: where good values lie.
//!
//! Only [`crate::Space`] makes a belief that fits its domain. What samplers do with it is theirs to say.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::Domain;
use crate::params::Scalar;

/// Where good values are expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Prior {
    /// Of values with an order: a normal cut to the range, in the logarithm under `log`.
    Normal {
        /// The most likely value.
        mu: Scalar,
        /// Its standard deviation, as a share of the range.
        sigma: f64,
    },
    /// Of values without an order.
    Weights {
        /// How likely each value is, in the order of the values, relative to the others.
        weights: Vec<f64>,
    },
}

impl Prior {
    /// What is wrong with the belief in that domain: the key, and a sentence's end.
    pub(crate) fn check(&self, domain: &Domain) -> Result<(), String> {
        match (self, domain) {
            (Self::Weights { weights }, Domain::Categorical { values }) => {
                if weights.len() != values.len() {
                    let (have, wanted) = (weights.len(), values.len());
                    return Err(format!("weights has {have} numbers for {wanted} values; give one for each"));
                }
                match weights.iter().find(|weight| !weight.is_finite() || **weight <= 0.0) {
                    Some(weight) => Err(format!("weights has {weight}; every weight must be above 0")),
                    None => Ok(()),
                }
            }
            (Self::Weights { .. }, _) => {
                Err("weights only go with values: [...] without an order; give mu and sigma".to_owned())
            }
            (Self::Normal { .. }, Domain::Categorical { .. }) => {
                Err("mu and sigma need values with an order; give weights: [...], one for each value"
                    .to_owned())
            }
            (Self::Normal { mu, sigma }, domain) => {
                if !sigma.is_finite() || *sigma <= 0.0 {
                    return Err(format!(
                        "sigma {sigma} must be above 0; it is a share of the range, such as 0.2"
                    ));
                }
                if domain.spans(mu) {
                    Ok(())
                } else {
                    Err(format!("mu {mu} lies outside the parameter's values"))
                }
            }
        }
    }
}
