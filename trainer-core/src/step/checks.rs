//! What must hold for the loss and the gradients of a step before anything is changed.

use std::collections::BTreeMap;

use candle_core::Var;

use crate::TrainError;
use crate::model::peft::LORA_A;
use crate::optim::Gradients;

/// Checks that loss and gradients are finite.
///
/// # Errors
/// [`TrainError::Diverged`] with `step` and the first tensor at fault.
pub(super) fn check_finite(
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

/// Checks that a gradient reaches every trainable tensor: candle loses gradients silently where an operation has no
/// backward. The gradient must not be zero, except that of an A, which is zero while its B is zero.
///
/// # Errors
/// [`TrainError::NoGradient`] with the first tensor that no gradient reached.
pub(super) fn check_reached(
    trainable: &BTreeMap<String, Var>,
    gradients: &Gradients,
) -> Result<(), TrainError> {
    for name in trainable.keys() {
        let reached = gradients
            .get(name)
            .is_some_and(|values| name.ends_with(LORA_A) || values.iter().any(|&value| value != 0.0));
        if !reached {
            return Err(TrainError::NoGradient { tensor: name.clone() });
        }
    }
    Ok(())
}
