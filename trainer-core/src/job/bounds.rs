//! The bounds of numbers in `params`, each with the sentence that refuses what lies outside.

use super::InvalidJob;

/// Refuses `params.key` unless `holds`.
pub(super) fn need(holds: bool, key: &str, problem: String) -> Result<(), InvalidJob> {
    if holds { Ok(()) } else { Err(InvalidJob { key: format!("params.{key}"), problem }) }
}

pub(super) fn learning_rate(key: &str, value: f64) -> Result<(), InvalidJob> {
    let problem = format!("{value} is not a learning rate; give a positive number");
    need(value.is_finite() && value > 0.0, key, problem)
}

pub(super) fn positive(key: &str, value: f64) -> Result<(), InvalidJob> {
    need(value.is_finite() && value > 0.0, key, format!("{value} is too small; give a positive number"))
}

/// 0 <= `value` < 1.
pub(super) fn share(key: &str, value: f64) -> Result<(), InvalidJob> {
    need((0.0..1.0).contains(&value), key, format!("{value} is not a share; give 0 <= value < 1"))
}

pub(super) fn count(key: &str, value: usize) -> Result<(), InvalidJob> {
    need(value > 0, key, "0 is too small; give at least 1".into())
}

pub(super) fn weight_decay(value: f64) -> Result<(), InvalidJob> {
    let problem = format!("{value} is not a weight decay; give a number >= 0");
    need(value.is_finite() && value >= 0.0, "weight_decay", problem)
}

pub(super) fn clip(value: f64) -> Result<(), InvalidJob> {
    need(value > 0.0, "clip", format!("{value} is not a bound; give a positive number"))
}

pub(super) fn lora_alpha(value: f64) -> Result<(), InvalidJob> {
    need(value > 0.0, "lora_alpha", format!("{value} is too small; give a positive number"))
}
