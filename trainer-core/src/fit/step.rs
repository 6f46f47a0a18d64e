//! One optimiser step, and the checks that come with it.

use std::collections::BTreeMap;

use candle_core::Var;

use super::batches::Batch;
use crate::TrainError;
use crate::job::Hyperparameters;
use crate::loss::smoothed;
use crate::model::Tagger;
use crate::optim::{AdamW, Gradients, Schedule, Step};
use crate::rng::Seeds;

/// The part of a training that moves from step to step.
pub(super) struct Stepper<'a> {
    tagger: &'a Tagger,
    params: &'a Hyperparameters,
    trainable: BTreeMap<String, Var>,
    optimiser: AdamW,
    schedule: Schedule,
    dropout: Seeds,
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
}

impl<'a> Stepper<'a> {
    pub(super) fn new(
        tagger: &'a Tagger,
        params: &'a Hyperparameters,
        schedule: Schedule,
        seeds: &Seeds,
    ) -> Self {
        Self {
            tagger,
            params,
            trainable: tagger.trainable(),
            optimiser: AdamW::default(),
            schedule,
            dropout: seeds.child("dropout"),
            done: 0,
        }
    }

    /// Trains on one batch.
    ///
    /// # Errors
    /// [`TrainError::Diverged`] before anything is changed; [`TrainError::NoGradient`] in the first step.
    pub(super) fn step(&mut self, batch: &Batch) -> Result<Measured, TrainError> {
        let (loss, gradients) = self.backward(batch)?;
        let gradient_norm = gradients.norm();
        self.check_finite(loss, &gradients, gradient_norm)?;
        if self.done == 0 {
            check_reached(&self.trainable, &gradients)?;
        }
        let factor = self.schedule.factor(self.done);
        let learning_rate = self.params.learning_rate * factor;
        let step = Step {
            rate: learning_rate,
            head_rate: self.params.head_learning_rate.unwrap_or(self.params.learning_rate) * factor,
            decay: self.params.weight_decay,
            scale: Gradients::clip_factor(gradient_norm, self.params.clip),
        };
        self.optimiser.step(&self.trainable, &gradients, step)?;
        self.done += 1;
        Ok(Measured { loss, gradient_norm, learning_rate })
    }

    /// Loss and gradients. The graph, and with it every activation, is dropped at the end.
    fn backward(&self, batch: &Batch) -> Result<(f64, Gradients), TrainError> {
        let mut keys = self.dropout.nth(self.done).draws();
        let logits = self.tagger.logits(&batch.packed, &batch.rows, Some(&mut keys))?;
        let loss = smoothed(&logits, &batch.labels, self.params.label_smoothing)?;
        let value = f64::from(loss.to_scalar::<f32>()?);
        let mut store = loss.backward()?;
        Ok((value, Gradients::take(&mut store, &self.trainable)?))
    }

    fn check_finite(&self, loss: f64, gradients: &Gradients, norm: f64) -> Result<(), TrainError> {
        let diverged =
            |tensor: &str, value| TrainError::Diverged { step: self.done + 1, tensor: tensor.into(), value };
        if !loss.is_finite() {
            return Err(diverged("loss", loss));
        }
        if norm.is_finite() {
            return Ok(());
        }
        Err(match gradients.first_non_finite() {
            Some((tensor, value)) => diverged(tensor, f64::from(value)),
            None => diverged("gradient norm", norm),
        })
    }

    /// A copy of everything that is trained.
    pub(super) fn snapshot(&self) -> Result<BTreeMap<String, crate::adapter::Trained>, TrainError> {
        let copy = |(name, var): (&String, &Var)| {
            Ok((name.clone(), (var.dims().to_vec(), var.flatten_all()?.to_vec1()?)))
        };
        self.trainable.iter().map(copy).collect()
    }

    /// Puts a copy back.
    pub(super) fn restore(
        &self,
        snapshot: &BTreeMap<String, crate::adapter::Trained>,
    ) -> Result<(), TrainError> {
        for (name, var) in &self.trainable {
            if let Some((shape, values)) = snapshot.get(name) {
                var.set(&candle_core::Tensor::from_slice(values, shape.as_slice(), var.device())?)?;
            }
        }
        Ok(())
    }
}

/// Every trainable tensor must have a gradient, and all but A (zero as long as B is zero) one that is not zero: candle
/// loses gradients without a word where an operation has no backward.
fn check_reached(trainable: &BTreeMap<String, Var>, gradients: &Gradients) -> Result<(), TrainError> {
    for name in trainable.keys() {
        let reached = gradients.get(name).is_some_and(|values| {
            name.ends_with("lora_A.weight") || values.iter().any(|&value| value != 0.0)
        });
        if !reached {
            return Err(TrainError::NoGradient { tensor: name.clone() });
        }
    }
    Ok(())
}
