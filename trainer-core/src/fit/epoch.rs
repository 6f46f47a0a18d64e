//! One pass over the training windows.

use std::time::{Duration, Instant};

use super::batches::Batch;
use super::splits::Windowed;
use super::step::Stepper;
use crate::corpus::batch::bucketed;
use crate::model::Tagger;
use crate::rng::Draws;
use crate::{Interrupted, Supervisor, TrainError, TrainerEvent};

/// How often, at most, [`TrainerEvent::Progress`] is said.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// What an epoch measured.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pass {
    losses: f64,
    gradient_norms: f64,
    steps: usize,
    /// Real pieces. Packed batches have no others.
    pub(super) pieces: usize,
    pub(super) windows: usize,
    pub(super) learning_rate: f64,
    pub(super) seconds: f64,
}

impl Pass {
    /// Mean over steps.
    pub(super) fn loss(&self) -> f64 {
        self.losses / self.steps.max(1) as f64
    }

    /// Mean over steps, before clipping.
    pub(super) fn gradient_norm(&self) -> f64 {
        self.gradient_norms / self.steps.max(1) as f64
    }

    /// `count` per second of training.
    pub(super) fn per_second(&self, count: usize) -> f64 {
        count as f64 / self.seconds.max(1e-9)
    }
}

/// Trains on every window of `train` once.
///
/// # Errors
/// Those of [`Stepper::step`], and the supervisor's wish to end.
pub(super) fn pass(
    (epoch, total_steps): (usize, usize),
    tagger: &Tagger,
    stepper: &mut Stepper<'_>,
    train: &Windowed,
    (batch_size, mut order): (usize, Draws),
    supervisor: &mut dyn Supervisor,
) -> Result<Pass, TrainError> {
    let started = Instant::now();
    let mut said = started;
    let mut pass = Pass::default();
    for members in bucketed(&train.lengths(), batch_size, &mut order) {
        if supervisor.interrupted() {
            return Err(Interrupted.into());
        }
        let batch = Batch::new(train, &members, tagger.device())?;
        if batch.labelled() == 0 {
            continue;
        }
        let measured = stepper.step(&batch)?;
        pass.losses += measured.loss;
        pass.gradient_norms += measured.gradient_norm;
        pass.learning_rate = measured.learning_rate;
        pass.steps += 1;
        pass.pieces += batch.packed.pieces();
        pass.windows += members.len();
        pass.seconds = started.elapsed().as_secs_f64();
        if said.elapsed() >= SIGN_OF_LIFE {
            said = Instant::now();
            supervisor.event(TrainerEvent::Progress {
                epoch,
                step: stepper.done,
                total_steps,
                loss: pass.loss(),
                tokens_per_second: pass.per_second(pass.pieces),
            });
        }
    }
    pass.seconds = started.elapsed().as_secs_f64();
    Ok(pass)
}
