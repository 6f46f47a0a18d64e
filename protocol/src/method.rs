//! The ways to propose trials, by the names in files, tables and records. How each one proposes is the sampler's business.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How trials are proposed.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, schemars::JsonSchema,
)]
pub enum Method {
    /// Chooses a sampler by the space and the budget; each suggestion records which one, and why.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// Multivariate tree-structured Parzen estimators, as tuned here.
    #[serde(rename = "tpe")]
    Tpe,
    /// A Gaussian process: tries where it expects the most improvement.
    #[serde(rename = "gp")]
    Gp,
    /// TPE with the defaults of Optuna 5.0: multivariate, pending trials on the bad side.
    #[serde(rename = "optuna-5")]
    Optuna5,
    /// TPE with the defaults of Optuna 4.9: each dimension by itself.
    #[serde(rename = "optuna-4")]
    Optuna4,
    /// TPE with the settings that Watanabe recommends (arXiv:2304.11127).
    #[serde(rename = "watanabe")]
    Watanabe,
    /// Uniform draws.
    #[serde(rename = "random")]
    Random,
    /// Grid search: every configuration of a grid, in a shuffled order.
    #[serde(rename = "grid")]
    GridSearch,
    /// A scrambled Sobol sequence, indexed by trial number.
    #[serde(rename = "sobol")]
    Sobol,
}

impl Method {
    /// Every method, the default first.
    pub const ALL: [Self; 9] = [
        Self::Auto,
        Self::Tpe,
        Self::Gp,
        Self::Optuna5,
        Self::Optuna4,
        Self::Watanabe,
        Self::Random,
        Self::GridSearch,
        Self::Sobol,
    ];

    /// The name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Tpe => "tpe",
            Self::Gp => "gp",
            Self::Optuna5 => "optuna-5",
            Self::Optuna4 => "optuna-4",
            Self::Watanabe => "watanabe",
            Self::Random => "random",
            Self::GridSearch => "grid",
            Self::Sobol => "sobol",
        }
    }

    /// The method of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_everywhere() {
        for method in Method::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
            assert_eq!(Method::named(method.as_str()), Some(method));
        }
        assert_eq!(Method::named("hyperband"), None);
    }
}
