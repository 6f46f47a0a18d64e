//! One optimiser step, and the checks that come with it.

use std::collections::BTreeMap;

use candle_core::Var;

use super::batches::Batch;
use super::parts::Parts;
use super::splits::Windowed;
use crate::adapter::Trained;
use crate::job::Hyperparameters;
use crate::loss::smoothed;
use crate::model::Tagger;
use crate::optim::{AdamW, Gradients, Moments, Schedule, Step, check_finite, check_reached};
use crate::rng::{Draws, Seeds};
use crate::{Interrupted, Supervisor, TrainError};

/// The part of a training that moves from step to step.
pub(super) struct Stepper<'a> {
    tagger: &'a Tagger,
    params: &'a Hyperparameters,
    trainable: BTreeMap<String, Var>,
    optimiser: AdamW,
    schedule: Schedule,
    dropout: Seeds,
    parts: Parts,
    /// Steps done.
    pub(super) done: usize,
}

/// What a step measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) loss: f64,
    /// Before clipping.
    pub(super) gradient_norm: f64,
    pub(super) learning_rate: f64,
    /// Real pieces of the batch.
    pub(super) pieces: usize,
}

/// What the parts of a batch add up to.
struct Sums {
    loss: f64,
    gradients: Gradients,
    pieces: usize,
}

impl<'a> Stepper<'a> {
    pub(super) fn new(
        tagger: &'a Tagger,
        params: &'a Hyperparameters,
        schedule: Schedule,
        parts: Parts,
        seeds: &Seeds,
    ) -> Self {
        Self {
            tagger,
            params,
            trainable: tagger.trainable(),
            optimiser: AdamW::default(),
            schedule,
            dropout: seeds.child("dropout"),
            parts,
            done: 0,
        }
    }

    /// Trains on the windows `members` of `split`; `None` where none of them has a labelled piece.
    ///
    /// # Errors
    /// [`TrainError::Diverged`], and the supervisor's wish to end, before anything is changed;
    /// [`TrainError::NoGradient`] in the first step.
    pub(super) fn step(
        &mut self,
        split: &Windowed,
        members: &[usize],
        supervisor: &mut dyn Supervisor,
    ) -> Result<Option<Measured>, TrainError> {
        match self.sums(split, members, supervisor)? {
            Some(sums) => self.update(&sums).map(Some),
            None => Ok(None),
        }
    }

    /// Trains on one batch that is packed already.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub(super) fn step_on(&mut self, batch: &Batch) -> Result<Measured, TrainError> {
        let mut keys = self.dropout.nth(self.done).draws();
        let (loss, gradients) = self.backward(batch, &mut keys)?;
        self.update(&Sums { loss, gradients, pieces: batch.packed.pieces() })
    }

    /// Moves everything that is trained.
    fn update(&mut self, sums: &Sums) -> Result<Measured, TrainError> {
        let &Sums { loss, ref gradients, pieces } = sums;
        let gradient_norm = gradients.norm();
        check_finite(self.done + 1, loss, gradients, gradient_norm)?;
        if self.done == 0 {
            check_reached(&self.trainable, gradients)?;
        }
        let factor = self.schedule.factor(self.done);
        let learning_rate = self.params.learning_rate * factor;
        let step = Step {
            rate: learning_rate,
            head_rate: self.params.head_learning_rate.unwrap_or(self.params.learning_rate) * factor,
            decay: self.params.weight_decay,
            scale: Gradients::clip_factor(gradient_norm, self.params.clip),
        };
        self.optimiser.step(&self.trainable, gradients, step)?;
        self.done += 1;
        Ok(Measured { loss, gradient_norm, learning_rate, pieces })
    }

    /// Loss and gradients of a batch, from smaller parts after memory ran out where the job allows it.
    fn sums(
        &mut self,
        split: &Windowed,
        members: &[usize],
        supervisor: &mut dyn Supervisor,
    ) -> Result<Option<Sums>, TrainError> {
        loop {
            match self.accumulate(split, members, supervisor) {
                Err(TrainError::OutOfMemory(sentence)) => {
                    let Some(smaller) = self.parts.smaller(members.len()) else {
                        return Err(TrainError::OutOfMemory(sentence));
                    };
                    supervisor.log(&format!("warning: {sentence}; from now on {smaller} windows at once"));
                }
                sums => return sums,
            }
        }
    }

    /// Each part counts by its share of the labelled pieces: the sums are those of the batch as a whole.
    fn accumulate(
        &self,
        split: &Windowed,
        members: &[usize],
        supervisor: &dyn Supervisor,
    ) -> Result<Option<Sums>, TrainError> {
        let labelled: usize = members.iter().map(|&at| split.windows[at].words.len()).sum();
        if labelled == 0 {
            return Ok(None);
        }
        let mut keys = self.dropout.nth(self.done).draws();
        let mut sums = Sums { loss: 0.0, gradients: Gradients::default(), pieces: 0 };
        for part in members.chunks(self.parts.size(members.len())) {
            if supervisor.interrupted() {
                return Err(Interrupted.into());
            }
            let batch = Batch::new(split, part, self.tagger.device())?;
            sums.pieces += batch.packed.pieces();
            if batch.labelled() > 0 {
                let share = batch.labelled() as f64 / labelled as f64;
                let (loss, gradients) = self.backward(&batch, &mut keys)?;
                sums.loss += loss * share;
                sums.gradients.add(gradients, share as f32);
            }
        }
        Ok(Some(sums))
    }

    /// Loss and gradients. The graph, and with it every activation, is dropped at the end.
    fn backward(&self, batch: &Batch, keys: &mut Draws) -> Result<(f64, Gradients), TrainError> {
        let logits = self.tagger.logits(&batch.packed, &batch.rows, Some(keys))?;
        let loss = smoothed(&logits, &batch.labels, self.params.label_smoothing)?;
        let value = f64::from(loss.to_scalar::<f32>()?);
        let mut store = loss.backward()?;
        Ok((value, Gradients::take(&mut store, &self.trainable)?))
    }

    /// A copy of everything that is trained.
    pub(super) fn snapshot(&self) -> Result<BTreeMap<String, Trained>, TrainError> {
        let copy = |(name, var): (&String, &Var)| {
            Ok((name.clone(), (var.dims().to_vec(), var.flatten_all()?.to_vec1()?)))
        };
        self.trainable.iter().map(copy).collect()
    }

    /// Puts a copy back.
    pub(super) fn restore(&self, snapshot: &BTreeMap<String, Trained>) -> Result<(), TrainError> {
        for (name, var) in &self.trainable {
            if let Some((shape, values)) = snapshot.get(name) {
                var.set(&candle_core::Tensor::from_slice(values, shape.as_slice(), var.device())?)?;
            }
        }
        Ok(())
    }

    /// The optimiser's moments, for a checkpoint.
    pub(super) fn moments(&self) -> &BTreeMap<String, Moments> {
        self.optimiser.moments()
    }

    /// Goes on after `done` steps with the moments that they left.
    pub(super) fn resume(&mut self, done: usize, moments: BTreeMap<String, Moments>) {
        self.optimiser = AdamW::resumed(done, moments);
        self.done = done;
    }
}
