//! One optimiser step on masked sequences.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};

use super::masks::Masked;
use crate::adapter::Trained;
use crate::loss::smoothed;
use crate::model::{Compute, MaskedLm, Packed};
use crate::optim::{AdamW, Gradients, Moments, Schedule, Step, check_finite, check_reached};
use crate::rng::{Draws, Seeds};
use crate::{Interrupted, Supervisor, TrainError};

/// What a step trains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trains {
    /// A new head, on the encoder as it is.
    Head,
    /// The branches, under the head as it is.
    Branches,
}

/// The part of a phase that moves from step to step.
pub(super) struct Stepper<'a> {
    model: &'a MaskedLm,
    trains: Trains,
    trainable: BTreeMap<String, Var>,
    optimiser: AdamW,
    schedule: Schedule,
    /// Peak learning rate, weight decay, bound on the gradient norm.
    rates: (f64, f64, f64),
    dropout: Seeds,
    part: usize,
    /// Steps done.
    pub(super) done: usize,
}

/// Sequences packed for the model, with the places and pieces to be predicted.
pub(super) struct Batch {
    pub(super) packed: Packed,
    /// `[m]`
    pub(super) rows: Tensor,
    /// `[m]`
    pub(super) targets: Tensor,
}

impl Batch {
    pub(super) fn new(sequences: &[Masked], compute: &Compute) -> candle_core::Result<Self> {
        let packed = Packed::new(sequences.iter().map(|sequence| sequence.ids.as_slice()), compute)?;
        let device = &compute.device;
        let (mut rows, mut targets) = (Vec::new(), Vec::new());
        for (sequence, start) in sequences.iter().zip(packed.starts()) {
            rows.extend(sequence.targets.iter().map(|(at, _)| *start as u32 + at));
            targets.extend(sequence.targets.iter().map(|(_, id)| *id));
        }
        let count = rows.len();
        let rows = Tensor::from_vec(rows, count, device)?;
        Ok(Self { packed, rows, targets: Tensor::from_vec(targets, count, device)? })
    }
}

impl<'a> Stepper<'a> {
    pub(super) fn new(
        model: &'a MaskedLm,
        trains: Trains,
        schedule: Schedule,
        (rates, part): ((f64, f64, f64), usize),
        seeds: &Seeds,
    ) -> Self {
        let trainable = match trains {
            Trains::Head => model.fresh_head().clone(),
            Trains::Branches => model.trainable(),
        };
        let (optimiser, dropout) = (AdamW::default(), seeds.child("dropout"));
        Self { model, trains, trainable, optimiser, schedule, rates, dropout, part, done: 0 }
    }

    /// Trains on one batch; returns the loss.
    ///
    /// # Errors
    /// [`TrainError::Diverged`], and the supervisor's wish to end, before anything is changed.
    pub(super) fn step(
        &mut self,
        sequences: &[Masked],
        supervisor: &dyn Supervisor,
    ) -> Result<f64, TrainError> {
        let masked: usize = sequences.iter().map(|sequence| sequence.targets.len()).sum();
        let mut keys = self.dropout.nth(self.done).draws();
        let (mut loss, mut gradients) = (0.0, Gradients::default());
        for part in sequences.chunks(self.part) {
            if supervisor.interrupted() {
                return Err(Interrupted.into());
            }
            let targets: usize = part.iter().map(|sequence| sequence.targets.len()).sum();
            if targets > 0 {
                let share = targets as f64 / masked as f64;
                let (part_loss, part_gradients) = self.backward(part, &mut keys)?;
                loss += part_loss * share;
                gradients.add(part_gradients, share as f32);
            }
        }
        let norm = gradients.norm();
        check_finite(self.done + 1, loss, &gradients, norm)?;
        if self.done == 0 && masked > 0 {
            check_reached(&self.trainable, &gradients)?;
        }
        let (rate, decay, clip) = self.rates;
        let rate = rate * self.schedule.factor(self.done);
        let scale = Gradients::clip_factor(norm, clip);
        self.optimiser.step(&self.trainable, &gradients, Step { rate, head_rate: rate, decay, scale })?;
        self.done += 1;
        Ok(loss)
    }

    fn backward(&self, part: &[Masked], keys: &mut Draws) -> Result<(f64, Gradients), TrainError> {
        let batch = Batch::new(part, self.model.compute())?;
        let loss_of = |logits: &Tensor| smoothed(logits, &batch.targets, 0.0);
        let (loss, stores) = match self.trains {
            // The encoder is not trained here, and dropout would only blur what the head is to learn.
            Trains::Head => {
                let loss = loss_of(&self.model.logits_for_head(&batch.packed, &batch.rows, None)?)?;
                let store = loss.backward()?;
                (loss, vec![store])
            }
            Trains::Branches => self.model.gradients(&batch.packed, &batch.rows, keys, &loss_of)?,
        };
        let value = f64::from(loss.to_scalar::<f32>()?);
        Ok((value, Gradients::collect(stores, &self.trainable, 1.0)?))
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

/// A copy of variables.
pub(super) fn copies(variables: &BTreeMap<String, Var>) -> Result<BTreeMap<String, Trained>, TrainError> {
    let copy = |(name, var): (&String, &Var)| {
        Ok((name.clone(), (var.dims().to_vec(), var.flatten_all()?.to_vec1()?)))
    };
    variables.iter().map(copy).collect()
}

/// Puts copies back.
pub(super) fn put_back(
    variables: &BTreeMap<String, Var>,
    copies: &BTreeMap<String, Trained>,
) -> Result<(), TrainError> {
    for (name, var) in variables {
        if let Some((shape, values)) = copies.get(name) {
            var.set(&Tensor::from_slice(values, shape.as_slice(), var.device())?)?;
        }
    }
    Ok(())
}
