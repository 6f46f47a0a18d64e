//! One optimiser step, and the checks that come with it.

use std::cell::Cell;
use std::collections::BTreeMap;

use candle_core::{DType, Tensor, Var};

use super::batches::Batch;
use super::parts::Parts;
use super::splits::Windowed;
use crate::adapter::Trained;
use crate::job::Hyperparameters;
use crate::loss::smoothed;
use crate::memory::{device_bytes, peak_bytes};
use crate::model::Tagger;
use crate::optim::{AdamW, Gradients, LossScale, Moments, Schedule, Step, check_finite, check_reached};
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
    /// In f16 the factor on the loss.
    scale: Option<LossScale>,
    /// Whether a gradient has reached every tensor.
    reached: bool,
    /// Most memory seen in use on a GPU, bytes.
    on_device: Cell<u64>,
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
    /// The same with padding.
    pub(super) computed: usize,
}

/// What the parts of a batch add up to.
struct Sums {
    loss: f64,
    gradients: Gradients,
    pieces: usize,
    computed: usize,
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
            scale: (tagger.compute().dtype == DType::F16).then(LossScale::default),
            reached: false,
            on_device: Cell::new(0),
            done: 0,
        }
    }

    /// Trains on the windows `members` of `split`; `None` where none of them has a labelled piece, or where gradients of
    /// f16 have overflowed: the next step is tried with a smaller factor on the loss.
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
            Some(sums) => self.update(&sums),
            None => Ok(None),
        }
    }

    /// Trains on one batch that is packed already.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub(super) fn step_on(&mut self, batch: &Batch) -> Result<Option<Measured>, TrainError> {
        let mut keys = self.dropout.nth(self.done).draws();
        let (loss, gradients) = self.backward(batch, &mut keys)?;
        let (pieces, computed) = (batch.packed.pieces(), batch.packed.computed());
        self.update(&Sums { loss, gradients, pieces, computed })
    }

    /// Moves everything that is trained.
    fn update(&mut self, sums: &Sums) -> Result<Option<Measured>, TrainError> {
        let &Sums { loss, ref gradients, pieces, computed } = sums;
        let gradient_norm = gradients.norm();
        let finite = gradient_norm.is_finite() && loss.is_finite();
        if self.scale.as_mut().is_some_and(|scale| !scale.after(finite)) {
            self.done += 1;
            return Ok(None);
        }
        check_finite(self.done + 1, loss, gradients, gradient_norm)?;
        if !self.reached {
            check_reached(&self.trainable, gradients)?;
            self.reached = true;
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
        Ok(Some(Measured { loss, gradient_norm, learning_rate, pieces, computed }))
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
        let mut sums = Sums { loss: 0.0, gradients: Gradients::default(), pieces: 0, computed: 0 };
        for part in members.chunks(self.parts.size(members.len())) {
            if supervisor.interrupted() {
                return Err(Interrupted.into());
            }
            let batch = Batch::new(split, part, self.tagger.compute())?;
            sums.pieces += batch.packed.pieces();
            sums.computed += batch.packed.computed();
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
        let factor = self.scale.map_or(1.0, LossScale::factor);
        let device = &self.tagger.compute().device;
        let loss = |logits: &Tensor| {
            let loss = smoothed(logits, &batch.labels, self.params.label_smoothing)?;
            // The forward has ended: nearly everything that a step needs is in memory.
            let used = device_bytes(device).map_or(0, |(used, _)| used);
            self.on_device.set(self.on_device.get().max(used));
            if factor == 1.0 { Ok(loss) } else { loss * factor }
        };
        let (loss, stores) = self.tagger.gradients(&batch.packed, &batch.rows, keys, &loss)?;
        let value = f64::from(loss.to_scalar::<f32>()?) / factor;
        Ok((value, Gradients::collect(stores, &self.trainable, (1.0 / factor) as f32)?))
    }

    /// The most memory that the training has needed, bytes: on a GPU of the device, by whomever it was used; else of this
    /// process.
    pub(super) fn peak_bytes(&self) -> u64 {
        match self.on_device.get() {
            0 => peak_bytes(),
            used => used,
        }
    }

    /// See [`LossScale`].
    pub(super) fn loss_scale(&self) -> Option<LossScale> {
        self.scale
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
    pub(super) fn resume(
        &mut self,
        done: usize,
        moments: BTreeMap<String, Moments>,
        scale: Option<LossScale>,
    ) {
        self.optimiser = AdamW::resumed(done, moments);
        self.done = done;
        self.reached = done > 0;
        self.scale = self.scale.map(|start| scale.unwrap_or(start));
    }
}
