//! A tagger as something that steps train.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};

use crate::LoraTargets;
use crate::job::Hyperparameters;
use crate::model::{Compute, Tagger};
use crate::optim::{AdamSettings, Schedule};
use crate::rng::Draws;
use crate::step::{Batch, Parts, StepPlan, Trainee};

impl Trainee for Tagger {
    fn compute(&self) -> &Compute {
        self.compute()
    }

    fn trainable(&self) -> BTreeMap<String, Var> {
        self.trainable()
    }

    fn gradients(
        &self,
        batch: &Batch,
        keys: &mut Draws,
        loss: &dyn Fn(&Tensor) -> Result<Tensor>,
    ) -> Result<(Tensor, Vec<GradStore>)> {
        self.gradients(&batch.packed, &batch.rows, keys, loss)
    }
}

/// The plan of a training's steps.
pub(super) fn step_plan(params: &Hyperparameters, schedule: Schedule, parts: Parts) -> StepPlan {
    let head_learning_rate = params.head_learning_rate.unwrap_or(params.learning_rate);
    StepPlan {
        // Reports show this one. Where only the head is trained, it is the head's.
        learning_rate: match params.lora_targets {
            LoraTargets::None => head_learning_rate,
            _ => params.learning_rate,
        },
        head_learning_rate,
        weight_decay: params.weight_decay,
        clip: params.clip,
        label_smoothing: params.label_smoothing,
        adam: AdamSettings {
            beta1: params.adam_beta1,
            beta2: params.adam_beta2,
            epsilon: params.adam_epsilon,
        },
        schedule,
        parts,
    }
}
