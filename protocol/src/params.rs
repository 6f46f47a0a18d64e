//! Values of parameters, and the point *in* a space that only a space can make.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// true or false
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
}

impl Scalar {
    /// The value as a number, when it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "parameters are far below 2^53")]
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Bool(_) | Self::Text(_) => None,
        }
    }

    /// Equality under which `16` and `16.0` are the same.
    pub fn same(&self, other: &Self) -> bool {
        match (self.as_f64(), other.as_f64()) {
            (Some(a), Some(b)) => a == b,
            _ => self == other,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) if *value != 0.0 && value.abs() < 1e-3 => write!(f, "{value:e}"),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

/// Parameter values by name, as they travel. They need not lie in a space.
pub type ParamValues = BTreeMap<String, Scalar>;

/// A point in a [`crate::Space`]: every active dimension has a value inside its domain, and no other name occurs.
/// Only [`crate::Space::admit`] makes one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Params(pub(crate) ParamValues);

impl Params {
    /// The value of a dimension; `None` where its condition does not hold.
    pub fn get(&self, name: &str) -> Option<&Scalar> {
        self.0.get(name)
    }

    /// All values by name.
    pub fn values(&self) -> &ParamValues {
        &self.0
    }

    /// Turns the point into its values by name.
    pub fn into_values(self) -> ParamValues {
        self.0
    }
}
