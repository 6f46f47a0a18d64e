//! What must hold of a step's loss and gradients before anything is changed.

use std::collections::BTreeMap;

use candle_core::Var;

use super::Gradients;
use crate::TrainError;

/// Loss and gradients are numbers.
///
/// # Errors
/// [`TrainError::Diverged`] with `step` and the first tensor at fault.
pub(crate) fn check_finite(
    step: usize,
    loss: f64,
    gradients: &Gradients,
    norm: f64,
) -> Result<(), TrainError> {
    let diverged = |tensor: &str, value| TrainError::Diverged { step, tensor: tensor.into(), value };
    if !loss.is_finite() {
        return Err(diverged("loss", loss));
    }
    if norm.is_finite() {
        return Ok(());
    }
    Err(match gradients.first_non_finite() {
        Some((tensor, value)) => diverged(tensor, f64::from(value)),
        None => diverged("gradient norm", norm),
    })
}

/// Every trainable tensor must have a gradient, and all but A (zero as long as B is zero) one that is not zero: candle
/// loses gradients without a word where an operation has no backward.
///
/// # Errors
/// [`TrainError::NoGradient`] with the first tensor that none reached.
pub(crate) fn check_reached(
    trainable: &BTreeMap<String, Var>,
    gradients: &Gradients,
) -> Result<(), TrainError> {
    for name in trainable.keys() {
        let reached = gradients.get(name).is_some_and(|values| {
            name.ends_with("lora_A.weight") || values.iter().any(|&value| value != 0.0)
        });
        if !reached {
            return Err(TrainError::NoGradient { tensor: name.clone() });
        }
    }
    Ok(())
}
