//! The values that a dimension may take, and whether they make sense together.
//!
//! Must not know the dimension: its name, its condition, its prior.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::params::Scalar;

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

/// The largest whole number up to which doubles tell all of them apart.
const MOST_WHOLE: u64 = 1 << 53;

/// Most points of a range with a step. A larger number is taken for a typing error.
const MOST_STEPS: f64 = 1e9;

/// Why a domain is refused.
pub(crate) struct InvalidDomain {
    /// The key at fault.
    pub(crate) key: &'static str,
    /// What is wrong and what would be right.
    pub(crate) problem: String,
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

    /// Whether the value lies between the domain's ends, whatever its step. A listed domain must list it.
    pub(crate) fn spans(&self, value: &Scalar) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "bounds of parameters are far below 2^53")]
        let (min, max) = match self {
            Self::Float { min, max, .. } => (*min, *max),
            Self::Int { min, max, .. } => (*min as f64, *max as f64),
            Self::Ordinal { .. } | Self::Categorical { .. } => return self.contains(value),
        };
        value.as_f64().is_some_and(|value| min <= value && value <= max)
    }

    /// Refuses a grid whose points no number can count or tell apart. A stored space may have one: only new ones are
    /// asked.
    pub(crate) fn check_grid(&self) -> Result<(), InvalidDomain> {
        match self {
            Self::Float { min, max, step: Some(step), .. } => check_steps(*min, *max, *step),
            Self::Int { min, max, step, .. } => {
                let points = (i128::from(*max) - i128::from(*min)) / i128::from(step.unwrap_or(1).max(1));
                let far = min.unsigned_abs().max(max.unsigned_abs());
                if points <= MOST_WHOLE.into() && far <= MOST_WHOLE {
                    return Ok(());
                }
                let problem = format!("{min} .. {max} reaches beyond {MOST_WHOLE}; give a smaller range");
                Err(InvalidDomain { key: "max", problem })
            }
            Self::Float { .. } | Self::Ordinal { .. } | Self::Categorical { .. } => Ok(()),
        }
    }

    /// Whether some value lies in the domain, and its keys go together.
    pub(crate) fn check(&self) -> Result<(), InvalidDomain> {
        match self {
            Self::Float { min, max, log, step } => check_range(*min, *max, *log, *step),
            #[expect(clippy::cast_precision_loss, reason = "bounds of parameters are far below 2^53")]
            Self::Int { min, max, log, step } => {
                check_range(*min as f64, *max as f64, *log, step.map(|s| s as f64))
            }
            Self::Ordinal { values } | Self::Categorical { values } => check_values(values),
        }
    }
}

impl fmt::Display for Domain {
    /// `0.0001 to 0.01`, `8 to 64 in whole steps of 8`, `one of qv, qkvo`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float { min, max, step, .. } => {
                write!(f, "{} to {}", Scalar::Float(*min), Scalar::Float(*max))?;
                step.map_or(Ok(()), |step| write!(f, " in steps of {}", Scalar::Float(step)))
            }
            Self::Int { min, max, step, .. } => {
                write!(f, "{min} to {max} in whole steps of {}", step.unwrap_or(1))
            }
            Self::Ordinal { values } | Self::Categorical { values } => {
                let values: Vec<String> = values.iter().map(Scalar::to_string).collect();
                write!(f, "one of {}", values.join(", "))
            }
        }
    }
}

fn check_range(min: f64, max: f64, log: bool, step: Option<f64>) -> Result<(), InvalidDomain> {
    let fault = |key, problem: String| Err(InvalidDomain { key, problem });
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

fn check_steps(min: f64, max: f64, step: f64) -> Result<(), InvalidDomain> {
    let points = (max - min) / step;
    let problem = if points > MOST_STEPS {
        let least = (max - min) / MOST_STEPS;
        format!(
            "step {step:e} divides {min} .. {max} into more than {MOST_STEPS:e} values; give at least {least:e}"
        )
    } else if min + step == min || max - step == max {
        format!("step {step:e} is too small beside {min} .. {max} to change them; give a larger one")
    } else {
        return Ok(());
    };
    Err(InvalidDomain { key: "step", problem: format!("{problem}, or leave step out") })
}

fn check_values(values: &[Scalar]) -> Result<(), InvalidDomain> {
    if values.is_empty() {
        return Err(InvalidDomain {
            key: "values",
            problem: "values is empty; list at least one".to_owned(),
        });
    }
    for (i, value) in values.iter().enumerate() {
        if values[..i].iter().any(|v| v.same(value)) {
            return Err(InvalidDomain { key: "values", problem: format!("{value} is listed twice") });
        }
    }
    Ok(())
}
