//! For tests: a model in f16 whose gradients overflow in every step.

use std::collections::BTreeMap;
use std::path::PathBuf;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};

use super::{Batch, Example, Parts, StepPlan, Target, Trainee};
use crate::model::Compute;
use crate::optim::{AdamSettings, Schedule};
use crate::rng::Draws;
use crate::{Interrupted, MicroBatch, Supervisor, TrainerEvent};

pub(crate) struct Overflowing {
    pub(crate) weight: Var,
    compute: Compute,
}

impl Overflowing {
    pub(crate) fn new() -> Self {
        let weight = Var::from_tensor(&Tensor::new(&[1.0f32], &Device::Cpu).unwrap()).unwrap();
        Self { weight, compute: Compute { dtype: DType::F16, ..Compute::cpu() } }
    }
}

impl Trainee for Overflowing {
    fn compute(&self) -> &Compute {
        &self.compute
    }

    fn trainable(&self) -> BTreeMap<String, Var> {
        BTreeMap::from([("w".to_owned(), self.weight.clone())])
    }

    fn gradients(
        &self,
        _: &Batch,
        _: &mut Draws,
        _: &dyn Fn(&Tensor) -> Result<Tensor>,
    ) -> Result<(Tensor, Vec<GradStore>)> {
        let loss = (self.weight.as_tensor() * f64::INFINITY)?.sum_all()?;
        let store = loss.backward()?;
        Ok((loss, vec![store]))
    }
}

/// Listens to nothing and stops nothing.
pub(crate) struct Silent;

impl Supervisor for Silent {
    fn event(&mut self, _: TrainerEvent) {}

    fn test_split(&mut self) -> std::result::Result<PathBuf, Interrupted> {
        Err(Interrupted)
    }

    fn interrupted(&self) -> bool {
        false
    }
}

/// A plan of four steps.
pub(crate) fn plan() -> StepPlan {
    StepPlan {
        learning_rate: 0.1,
        head_learning_rate: 0.1,
        weight_decay: 0.0,
        clip: 1.0,
        label_smoothing: 0.0,
        adam: AdamSettings::default(),
        schedule: Schedule::new(4, 0.0),
        parts: Parts::new(MicroBatch::Whole, 1),
    }
}

/// An example with a target.
pub(crate) fn with_target() -> Example<'static> {
    Example { ids: &[1, 2], targets: vec![Target { position: 0, class: 0 }] }
}

/// An example without one.
pub(crate) fn without_target() -> Example<'static> {
    Example { ids: &[1, 2], targets: Vec::new() }
}
