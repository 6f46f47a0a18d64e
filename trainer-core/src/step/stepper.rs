//! One optimiser step, and the checks that come with it.

use std::cell::Cell;
use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{DType, Tensor, Var};

use super::checks::{check_finite, check_reached};
use super::{Batch, Example, StepPlan};
use crate::loss::smoothed;
use crate::memory::{device_memory, peak_bytes};
use crate::model::Compute;
use crate::optim::{AdamW, Gradients, LossScale, Moments, Step, Verdict};
use crate::rng::{Draws, Seeds};
use crate::values::{self, NamedValues};
use crate::{Interrupted, Supervisor, TrainError};

/// What a step trains.
pub(crate) trait Trainee {
    /// Where it computes.
    fn compute(&self) -> &Compute;

    /// What is trained, by name.
    fn trainable(&self) -> BTreeMap<String, Var>;

    /// Runs the model over the batch. Returns the loss, which `loss` computes from the logits of the batch's targets, and the
    /// gradients of what is trained: one store for each part of the backward.
    ///
    /// # Errors
    /// The matrix library failed.
    fn gradients(
        &self,
        batch: &Batch,
        keys: &mut Draws,
        loss: &dyn Fn(&Tensor) -> candle_core::Result<Tensor>,
    ) -> candle_core::Result<(Tensor, Vec<GradStore>)>;
}

/// The part of a training that moves from step to step.
pub(crate) struct Stepper<'a> {
    trainee: &'a dyn Trainee,
    plan: StepPlan,
    trainable: BTreeMap<String, Var>,
    optimiser: AdamW,
    dropout: Seeds,
    /// The factor on the loss, in f16.
    scale: Option<LossScale>,
    /// Whether a gradient has reached every tensor.
    reached: bool,
    /// Most memory seen in use on a GPU, bytes.
    on_device: Cell<u64>,
    /// Steps done.
    pub(crate) done: usize,
}

/// How a step ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stepped {
    /// The trained values have moved.
    Done(Measured),
    /// No example had a target. Nothing has changed, and the step is not counted.
    NoTarget,
    /// Gradients of f16 overflowed. The step is counted, the trained values stay, and the next step has a smaller factor on
    /// the loss.
    Overflowed,
}

/// What a step measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) loss: f64,
    /// Before clipping.
    pub(crate) gradient_norm: f64,
    pub(crate) learning_rate: f64,
    /// Real pieces of the batch.
    pub(crate) pieces: usize,
    /// Pieces with padding.
    pub(crate) computed: usize,
}

/// The sums over the parts of a batch.
#[derive(Default)]
struct Sums {
    loss: f64,
    gradients: Gradients,
    pieces: usize,
    computed: usize,
}

impl<'a> Stepper<'a> {
    /// Before the first step.
    pub(crate) fn new(trainee: &'a dyn Trainee, plan: StepPlan, seeds: &Seeds) -> Self {
        Self {
            trainee,
            plan,
            trainable: trainee.trainable(),
            optimiser: AdamW::new(plan.adam),
            dropout: seeds.child("dropout"),
            scale: (trainee.compute().dtype == DType::F16).then(LossScale::default),
            reached: false,
            on_device: Cell::new(0),
            done: 0,
        }
    }

    /// Trains on a batch of examples.
    ///
    /// # Errors
    /// [`TrainError::Diverged`], or the supervisor's wish to stop, before anything is changed;
    /// [`TrainError::NoGradient`] in the first step.
    pub(crate) fn step(
        &mut self,
        examples: &[Example<'_>],
        supervisor: &mut dyn Supervisor,
    ) -> Result<Stepped, TrainError> {
        match self.sums(examples, supervisor)? {
            Some(sums) => self.update(&sums),
            None => Ok(Stepped::NoTarget),
        }
    }

    /// Trains on a batch of examples and counts the step whatever became of it. Returns the loss, which is 0 where nothing
    /// was learnt.
    ///
    /// # Errors
    /// See [`Self::step`].
    pub(crate) fn step_counted(
        &mut self,
        examples: &[Example<'_>],
        supervisor: &mut dyn Supervisor,
    ) -> Result<f64, TrainError> {
        match self.step(examples, supervisor)? {
            Stepped::Done(measured) => Ok(measured.loss),
            Stepped::Overflowed => Ok(0.0),
            Stepped::NoTarget => self.skip().map(|()| 0.0),
        }
    }

    /// Trains on one batch that is packed already.
    ///
    /// # Errors
    /// See [`Self::step`].
    pub(crate) fn step_on(&mut self, batch: &Batch) -> Result<Stepped, TrainError> {
        let mut keys = self.dropout.nth(self.done).draws();
        let (loss, gradients) = self.backward(batch, &mut keys)?;
        let (pieces, computed) = (batch.packed.pieces(), batch.packed.computed());
        self.update(&Sums { loss, gradients, pieces, computed })
    }

    /// Counts a step that had no target. The schedule and the optimiser move on, and the trained values stay.
    ///
    /// # Errors
    /// None in practice; see [`Self::step`].
    fn skip(&mut self) -> Result<(), TrainError> {
        self.update(&Sums::default()).map(drop)
    }

    /// Moves everything that is trained.
    fn update(&mut self, sums: &Sums) -> Result<Stepped, TrainError> {
        let &Sums { loss, ref gradients, pieces, computed } = sums;
        let gradient_norm = gradients.norm();
        let finite = gradient_norm.is_finite() && loss.is_finite();
        if self.scale.as_mut().is_some_and(|scale| scale.after(finite) == Verdict::Skip) {
            self.done += 1;
            return Ok(Stepped::Overflowed);
        }
        check_finite(self.done + 1, loss, gradients, gradient_norm)?;
        if !self.reached && pieces > 0 {
            check_reached(&self.trainable, gradients)?;
            self.reached = true;
        }
        let factor = self.plan.schedule.factor(self.done);
        let learning_rate = self.plan.learning_rate * factor;
        let step = Step {
            rate: learning_rate,
            head_rate: self.plan.head_learning_rate * factor,
            decay: self.plan.weight_decay,
            scale: Gradients::clip_factor(gradient_norm, self.plan.clip),
        };
        self.optimiser.step(&self.trainable, gradients, step)?;
        self.done += 1;
        Ok(Stepped::Done(Measured { loss, gradient_norm, learning_rate, pieces, computed }))
    }

    /// Loss and gradients of a batch. After memory ran out, from smaller parts, where the job allows it.
    fn sums(
        &mut self,
        examples: &[Example<'_>],
        supervisor: &mut dyn Supervisor,
    ) -> Result<Option<Sums>, TrainError> {
        loop {
            match self.accumulate(examples, supervisor) {
                Err(TrainError::OutOfMemory(sentence)) => {
                    let Some(smaller) = self.plan.parts.smaller(examples.len()) else {
                        return Err(TrainError::OutOfMemory(sentence));
                    };
                    supervisor.log(&format!("warning: {sentence}; from now on {smaller} windows at once"));
                }
                sums => return sums,
            }
        }
    }

    /// Each part counts by its share of the targets, so that the sums are those of the whole batch.
    fn accumulate(
        &self,
        examples: &[Example<'_>],
        supervisor: &dyn Supervisor,
    ) -> Result<Option<Sums>, TrainError> {
        let targets: usize = examples.iter().map(|example| example.targets.len()).sum();
        if targets == 0 {
            return Ok(None);
        }
        let mut keys = self.dropout.nth(self.done).draws();
        let mut sums = Sums::default();
        for part in examples.chunks(self.plan.parts.size(examples.len())) {
            if supervisor.interrupted() {
                return Err(Interrupted.into());
            }
            let batch = Batch::new(part, self.trainee.compute())?;
            sums.pieces += batch.packed.pieces();
            sums.computed += batch.packed.computed();
            if batch.targets() > 0 {
                let share = batch.targets() as f64 / targets as f64;
                let (loss, gradients) = self.backward(&batch, &mut keys)?;
                sums.loss += loss * share;
                sums.gradients.add(gradients, share as f32);
            }
        }
        Ok(Some(sums))
    }

    /// Loss and gradients. The graph, and with it every activation, is dropped at the end.
    fn backward(&self, batch: &Batch, keys: &mut Draws) -> Result<(f64, Gradients), TrainError> {
        let factor = self.scale.map_or(1.0, LossScale::factor);
        let device = &self.trainee.compute().device;
        let loss = |logits: &Tensor| {
            let loss = smoothed(logits, &batch.classes, self.plan.label_smoothing)?;
            // The forward has ended: nearly everything that a step needs is in memory.
            let used = device_memory(device).map_or(0, |memory| memory.used);
            self.on_device.set(self.on_device.get().max(used));
            if factor == 1.0 { Ok(loss) } else { loss * factor }
        };
        let (loss, stores) = self.trainee.gradients(batch, keys, &loss)?;
        let value = f64::from(loss.to_scalar::<f32>()?) / factor;
        Ok((value, Gradients::collect(stores, &self.trainable, (1.0 / factor) as f32)?))
    }

    /// The most memory that the training has needed, bytes. On a GPU it is what all processes used there; else what this
    /// process used.
    pub(crate) fn peak_bytes(&self) -> u64 {
        match self.on_device.get() {
            0 => peak_bytes(),
            used => used,
        }
    }

    /// See [`LossScale`].
    pub(crate) fn loss_scale(&self) -> Option<LossScale> {
        self.scale
    }

    /// A copy of everything that is trained.
    ///
    /// # Errors
    /// The device failed.
    pub(crate) fn snapshot(&self) -> Result<NamedValues, TrainError> {
        Ok(values::copies(&self.trainable)?)
    }

    /// Puts a copy back.
    ///
    /// # Errors
    /// The device failed.
    pub(crate) fn restore(&self, snapshot: &NamedValues) -> Result<(), TrainError> {
        Ok(values::put_back(&self.trainable, snapshot)?)
    }

    /// The optimiser's moments, for a checkpoint.
    pub(crate) fn moments(&self) -> &BTreeMap<String, Moments> {
        self.optimiser.moments()
    }

    /// The optimiser, which a test compares.
    #[cfg(test)]
    pub(super) fn optimiser(&self) -> &AdamW {
        &self.optimiser
    }

    /// Continues after `done` steps with the moments that they left.
    pub(crate) fn resume(
        &mut self,
        done: usize,
        moments: BTreeMap<String, Moments>,
        scale: Option<LossScale>,
    ) {
        // The optimiser does not count steps that moved nothing.
        self.optimiser.resume(done.saturating_sub(scale.map_or(0, LossScale::skipped)), moments);
        self.done = done;
        self.reached = done > 0;
        self.scale = self.scale.map(|start| scale.unwrap_or(start));
    }
}
