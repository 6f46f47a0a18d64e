//! The two phases of a pretraining, as something that steps train.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};

use crate::MicroBatch;
use crate::job::DaptParameters;
use crate::model::{Compute, MaskedLm};
use crate::optim::{AdamSettings, Schedule};
use crate::rng::Draws;
use crate::step::{Batch, Parts, StepPlan, Trainee};

/// What a phase trains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trains {
    /// A new head, on the encoder as it is.
    Head,
    /// The branches, under the head as it is.
    Branches,
}

impl Trains {
    /// Its name in the log and in the tree of seeds.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Branches => "adapter",
        }
    }

    /// The plan of its `total` steps.
    pub(super) fn step_plan(self, params: &DaptParameters, total: usize) -> StepPlan {
        let learning_rate = match self {
            Self::Head => params.head_learning_rate,
            Self::Branches => params.learning_rate,
        };
        StepPlan {
            learning_rate,
            head_learning_rate: learning_rate,
            weight_decay: params.weight_decay,
            clip: params.clip,
            label_smoothing: 0.0,
            adam: AdamSettings {
                beta1: params.adam_beta1,
                beta2: params.adam_beta2,
                epsilon: params.adam_epsilon,
            },
            schedule: Schedule::with_warmup(total, params.warmup_steps.min(total / 10)),
            parts: Parts::new(MicroBatch::Size(params.micro_batch), usize::MAX),
        }
    }
}

/// A model of which one part is trained.
pub(super) struct Phase<'a> {
    pub(super) model: &'a MaskedLm,
    pub(super) trains: Trains,
}

impl Trainee for Phase<'_> {
    fn compute(&self) -> &Compute {
        self.model.compute()
    }

    fn trainable(&self) -> BTreeMap<String, Var> {
        match self.trains {
            Trains::Head => self.model.fresh_head().clone(),
            Trains::Branches => self.model.trainable(),
        }
    }

    fn gradients(
        &self,
        batch: &Batch,
        keys: &mut Draws,
        loss: &dyn Fn(&Tensor) -> Result<Tensor>,
    ) -> Result<(Tensor, Vec<GradStore>)> {
        match self.trains {
            // The encoder is not trained here, and dropout would only blur what the head is to learn.
            Trains::Head => {
                let loss = loss(&self.model.logits_for_head(&batch.packed, &batch.rows, None)?)?;
                let store = loss.backward()?;
                Ok((loss, vec![store]))
            }
            Trains::Branches => self.model.gradients(&batch.packed, &batch.rows, keys, loss),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_adam_reach_both_phases_of_a_pretraining() {
        let params = r#"{"adam_beta1": 0.8, "adam_beta2": 0.95, "adam_epsilon": 1e-6}"#;
        let params: DaptParameters = serde_json::from_str(params).unwrap();
        params.check().unwrap();
        let asked = AdamSettings { beta1: 0.8, beta2: 0.95, epsilon: 1e-6 };
        for trains in [Trains::Head, Trains::Branches] {
            assert_eq!(trains.step_plan(&params, 20).adam, asked);
            assert_eq!(trains.step_plan(&DaptParameters::default(), 20).adam, AdamSettings::default());
        }
        let refused = DaptParameters { adam_beta2: 1.0, ..DaptParameters::default() }.check();
        assert_eq!(refused.unwrap_err().key, "params.adam_beta2");
    }
}
