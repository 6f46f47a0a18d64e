//! The settings that all steps of a training share.

use super::Parts;
use crate::optim::{AdamSettings, Schedule};

/// Rates, bounds and sizes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepPlan {
    /// Peak learning rate of the branches.
    pub(crate) learning_rate: f64,
    /// Peak learning rate of the classifier.
    pub(crate) head_learning_rate: f64,
    /// Decoupled weight decay.
    pub(crate) weight_decay: f64,
    /// Bound of the gradient norm.
    pub(crate) clip: f64,
    /// Mass of the label distribution spread over all classes.
    pub(crate) label_smoothing: f64,
    pub(crate) adam: AdamSettings,
    pub(crate) schedule: Schedule,
    pub(crate) parts: Parts,
}
