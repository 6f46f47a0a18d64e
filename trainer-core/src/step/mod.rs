//! One optimiser step, whatever is trained: a batch as tensors, its parts, gradients, checks, the update.
//!
//! Owns what a step does. Must not know which examples come in which order, or why training ends.

mod batch;
mod checks;
#[cfg(test)]
pub(crate) mod overflowing;
mod parts;
mod plan;
mod stepper;
#[cfg(test)]
mod stepper_tests;

pub(crate) use batch::{Batch, Example, Target};
pub(crate) use parts::Parts;
pub(crate) use plan::StepPlan;
pub(crate) use stepper::{Measured, Stepped, Stepper, Trainee};
