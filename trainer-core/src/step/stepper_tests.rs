//! How a step ends that moves nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};

use super::{Batch, Example, Parts, StepPlan, Stepped, Stepper, Target, Trainee};
use crate::model::Compute;
use crate::optim::{LossScale, Schedule};
use crate::rng::{Draws, Seeds};
use crate::{Interrupted, MicroBatch, Supervisor, TrainerEvent};

/// A model in f16 whose gradients overflow in every step.
struct Overflowing {
    weight: Var,
    compute: Compute,
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

struct Silent;

impl Supervisor for Silent {
    fn event(&mut self, _: TrainerEvent) {}

    fn test_split(&mut self) -> std::result::Result<PathBuf, Interrupted> {
        Err(Interrupted)
    }

    fn interrupted(&self) -> bool {
        false
    }
}

#[test]
fn an_overflow_counts_and_lowers_the_factor_and_a_batch_without_targets_does_neither() {
    let weight = Var::from_tensor(&Tensor::new(&[1.0f32], &Device::Cpu).unwrap()).unwrap();
    let compute = Compute { dtype: DType::F16, ..Compute::cpu() };
    let model = Overflowing { weight, compute };
    let plan = StepPlan {
        learning_rate: 0.1,
        head_learning_rate: 0.1,
        weight_decay: 0.0,
        clip: 1.0,
        label_smoothing: 0.0,
        schedule: Schedule::new(4, 0.0),
        parts: Parts::new(MicroBatch::Whole, 1),
    };
    let mut stepper = Stepper::new(&model, plan, &Seeds::root(1));
    let factor = |stepper: &Stepper<'_>| stepper.loss_scale().map(LossScale::factor);
    let started = factor(&stepper).unwrap();
    let mut example = Example { ids: &[1, 2], targets: Vec::new() };
    let ended = stepper.step(std::slice::from_ref(&example), &mut Silent).unwrap();
    assert!(matches!(ended, Stepped::NoTarget), "{ended:?}");
    assert_eq!((stepper.done, factor(&stepper)), (0, Some(started)));
    example.targets.push(Target { position: 0, class: 0 });
    let ended = stepper.step(&[example], &mut Silent).unwrap();
    assert!(matches!(ended, Stepped::Overflowed), "{ended:?}");
    assert_eq!((stepper.done, factor(&stepper)), (1, Some(started / 2.0)));
    assert_eq!(model.weight.to_vec1::<f32>().unwrap(), [1.0]);
}
