//! The prior of a dimension: where good values are expected before any trial.
//!
//! Only [`crate::Space`] checks that it fits the domain. Must not know what samplers do with it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::Domain;
use crate::params::Scalar;

/// Where good values are expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Prior {
    /// For values with an order: a normal distribution truncated to the range, over the logarithm under `log`.
    Normal {
        /// The most likely value.
        mu: Scalar,
        /// Its standard deviation, as a share of the range.
        sigma: f64,
    },
    /// For values without an order.
    Weights {
        /// The relative weight of each value, in the order of the values.
        weights: Vec<f64>,
    },
}

impl Prior {
    /// Checks the prior against its domain. The error says what is wrong and what would be right.
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
