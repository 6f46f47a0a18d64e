//! How a step ends that moves nothing.

use super::overflowing::{Overflowing, Silent, plan, with_target, without_target};
use super::{Stepped, Stepper};
use crate::optim::LossScale;
use crate::rng::Seeds;

fn factor(stepper: &Stepper<'_>) -> Option<f64> {
    stepper.loss_scale().map(LossScale::factor)
}

#[test]
fn an_overflow_counts_and_lowers_the_factor_and_a_batch_without_targets_does_neither() {
    let model = Overflowing::new();
    let mut stepper = Stepper::new(&model, plan(), &Seeds::root(1));
    let started = factor(&stepper).unwrap();
    let ended = stepper.step(&[without_target()], &mut Silent).unwrap();
    assert!(matches!(ended, Stepped::NoTarget), "{ended:?}");
    assert_eq!((stepper.done, factor(&stepper)), (0, Some(started)));
    let ended = stepper.step(&[with_target()], &mut Silent).unwrap();
    assert!(matches!(ended, Stepped::Overflowed), "{ended:?}");
    assert_eq!((stepper.done, factor(&stepper)), (1, Some(started / 2.0)));
    assert_eq!(model.weight.to_vec1::<f32>().unwrap(), [1.0]);
}

#[test]
fn every_step_of_a_pretraining_is_counted_once_however_it_ended() {
    let model = Overflowing::new();
    let mut stepper = Stepper::new(&model, plan(), &Seeds::root(1));
    let started = factor(&stepper).unwrap();
    assert_eq!(stepper.step_counted(&[with_target()], &mut Silent).unwrap(), 0.0);
    assert_eq!((stepper.done, factor(&stepper)), (1, Some(started / 2.0)));
    assert_eq!(stepper.step_counted(&[without_target()], &mut Silent).unwrap(), 0.0);
    assert_eq!((stepper.done, factor(&stepper)), (2, Some(started / 2.0)));
}

/// The bias correction of AdamW goes by the steps that moved something.
#[test]
fn a_resumed_optimiser_does_not_count_steps_that_overflowed() {
    let model = Overflowing::new();
    let mut stopped = Stepper::new(&model, plan(), &Seeds::root(1));
    for example in [with_target(), with_target(), without_target()] {
        stopped.step_counted(&[example], &mut Silent).unwrap();
    }
    let mut resumed = Stepper::new(&model, plan(), &Seeds::root(1));
    resumed.resume(stopped.done, stopped.moments().clone(), stopped.loss_scale());
    assert_eq!((resumed.done, resumed.optimiser()), (3, stopped.optimiser()));
}
