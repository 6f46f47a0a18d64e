//! The phases of a pretraining and the measurements between them.

use std::time::Instant;

use super::batches::{Batches, StepBatch};
use super::held_out::HeldOut;
use super::log_lines::LogLines;
use super::masks::{Masked, Vocabulary};
use super::outputs::{TrainedTensors, write_adapter};
use super::phase::{Phase, Trains};
use super::progress::{EpochSoFar, Progress, Resumption, checkpoint};
use super::sequences::Sequences;
use crate::backbone::Family;
use crate::checkpoint::Keeper;
use crate::json_file::write_json;
use crate::memory::peak_bytes;
use crate::model::MaskedLm;
use crate::rng::Seeds;
use crate::step::{Example, Stepper};
use crate::values::copies;
use crate::{DaptEpoch, DaptJob, DaptSummary, HeldOutScores, Supervisor, TrainError, TrainerEvent};

/// A pretraining in progress.
pub(super) struct Course<'a> {
    pub(super) job: &'a DaptJob,
    pub(super) seeds: Seeds,
    pub(super) vocabulary: Vocabulary,
    pub(super) train: Sequences,
    pub(super) held_out: HeldOut,
    pub(super) model: &'a MaskedLm,
    pub(super) keeper: Keeper,
    /// When `at.seconds` was last updated.
    pub(super) clock: Instant,
    pub(super) at: Progress,
}

/// The measurements around the branches' steps.
pub(super) struct BeforeAfter {
    before: HeldOutScores,
    after: HeldOutScores,
}

/// A phase in progress.
struct InPhase<'a> {
    trains: Trains,
    /// Its steps.
    total: usize,
    stepper: Stepper<'a>,
    batches: Batches,
    /// Of the masks.
    masks: Seeds,
    lines: LogLines,
}

impl Course<'_> {
    /// Both phases and the measurements around the second one.
    pub(super) fn run(&mut self, supervisor: &mut dyn Supervisor) -> Result<BeforeAfter, TrainError> {
        let found = self.keeper.found()?;
        let mut resumption = found.map(|found| Resumption::new(found, self.model)).transpose()?;
        if let Some(resumption) = &resumption {
            self.at = resumption.progress.clone();
            let Progress { head_steps, steps, .. } = self.at;
            supervisor
                .log(&format!("continuing after {head_steps} steps of the head and {steps} of the adapter"));
            for epoch in &self.at.epochs {
                supervisor.event(TrainerEvent::DaptEpoch(DaptEpoch { carried: true, ..epoch.clone() }));
            }
        }
        if self.at.before.is_none() && !self.model.fresh_head().is_empty() {
            self.phase(Trains::Head, self.job.params.head_steps, &mut resumption, supervisor)?;
        }
        let before = match self.at.before {
            Some(before) => before,
            None => self.measure("before", supervisor)?,
        };
        if self.at.before.replace(before).is_none() {
            self.tick();
            self.at.epoch.began = self.at.seconds;
        }
        self.phase(Trains::Branches, self.steps(), &mut resumption, supervisor)?;
        let after = self.at.epochs.last().map_or(before, |epoch| epoch.held_out);
        Ok(BeforeAfter { before, after })
    }

    /// Optimiser steps of an epoch.
    fn per_epoch(&self) -> usize {
        self.train.ids.len().div_ceil(self.job.params.batch_size)
    }

    /// Optimiser steps of the adapter.
    fn steps(&self) -> usize {
        self.job.params.steps.unwrap_or(self.per_epoch() * self.job.params.epochs)
    }

    fn phase(
        &mut self,
        trains: Trains,
        total: usize,
        resumption: &mut Option<Resumption>,
        supervisor: &mut dyn Supervisor,
    ) -> Result<(), TrainError> {
        let seeds = self.seeds.child(trains.name());
        let phase = Phase { model: self.model, trains };
        let plan = trains.step_plan(&self.job.params, total);
        let mut at = InPhase {
            trains,
            total,
            stepper: Stepper::new(&phase, plan, &seeds),
            batches: Batches::new(&seeds, self.train.lengths(), self.job.params.batch_size),
            masks: seeds.child("masks"),
            lines: LogLines::new(trains.name(), total),
        };
        if let Some(resumption) = resumption {
            resumption.begin_phase(trains, &mut at.stepper);
        }
        while at.stepper.done < total || self.is_unmeasured(&at) {
            match self.forward(&mut at, supervisor) {
                Err(TrainError::Interrupted(interrupted)) => {
                    self.keep(&at.stepper)?;
                    let done = at.stepper.done;
                    supervisor.log(&format!("interrupted; the progress after step {done} is kept"));
                    return Err(interrupted.into());
                }
                done => done?,
            }
            let ended = trains == Trains::Branches && self.at.epoch.steps == 0;
            if self.keeper.is_due(at.stepper.done) || at.stepper.done == total || ended {
                self.keep(&at.stepper)?;
            }
        }
        Ok(())
    }

    /// What comes next in a phase: the measurement that ends an epoch, or a step.
    fn forward(&mut self, at: &mut InPhase<'_>, supervisor: &mut dyn Supervisor) -> Result<(), TrainError> {
        if self.is_unmeasured(at) {
            return self.end_epoch(supervisor);
        }
        let batch = self.batch(at);
        let examples: Vec<Example<'_>> = batch.iter().map(Masked::example).collect();
        let loss = at.stepper.step_counted(&examples, supervisor)?;
        at.lines.after(at.stepper.done, loss, supervisor);
        match at.trains {
            Trains::Head => self.at.head_steps = at.stepper.done,
            Trains::Branches => {
                self.at.steps = at.stepper.done;
                self.at.epoch.loss += loss;
                self.at.epoch.steps += 1;
                self.at.epoch.pieces += batch.iter().map(|sequence| sequence.ids.len()).sum::<usize>();
            }
        }
        Ok(())
    }

    /// Whether the branches are at the end of an epoch or of the phase, and the measurement there is not made yet.
    fn is_unmeasured(&self, at: &InPhase<'_>) -> bool {
        let at_an_end = self.at.steps == at.total || self.at.steps.is_multiple_of(self.per_epoch());
        at.trains == Trains::Branches && self.at.epoch.steps > 0 && at_an_end
    }

    /// Measures the held-out text and reports the epoch that has ended.
    fn end_epoch(&mut self, supervisor: &mut dyn Supervisor) -> Result<(), TrainError> {
        self.tick();
        let (trained, sums) = (self.at.seconds, self.at.epoch);
        let number = self.at.epochs.len() + 1;
        let held_out = self.measure(&format!("after epoch {number}"), supervisor)?;
        self.tick();
        let epoch = DaptEpoch {
            epoch: number,
            step: self.at.steps,
            train_loss: sums.loss / sums.steps as f64,
            held_out,
            seconds: self.at.seconds - sums.began,
            tokens_per_second: sums.pieces as f64 / (trained - sums.began),
            peak_memory_bytes: peak_bytes(),
            carried: false,
        };
        supervisor.event(TrainerEvent::DaptEpoch(epoch.clone()));
        self.at.epochs.push(epoch);
        self.at.epoch = EpochSoFar { began: self.at.seconds, ..EpochSoFar::default() };
        Ok(())
    }

    /// The sequences of the next step, masked for their epoch.
    fn batch(&self, at: &mut InPhase<'_>) -> Vec<Masked> {
        let StepBatch { epoch, sequences } = at.batches.after(at.stepper.done);
        let masks = at.masks.nth(epoch);
        let mask = |index: &usize| {
            let mut draws = masks.nth(*index).draws();
            Masked::new(&self.train.ids[*index], self.job.params.mask_share, &self.vocabulary, &mut draws)
        };
        sequences.iter().map(mask).collect()
    }

    fn measure(&mut self, when: &str, supervisor: &mut dyn Supervisor) -> Result<HeldOutScores, TrainError> {
        let scores = self.held_out.measure(self.model, supervisor)?;
        supervisor.log(&format!(
            "held-out text {when}: pseudo-perplexity {:.3}, {:.4} bits per character, masked accuracy {:.4}",
            scores.pseudo_perplexity, scores.bits_per_character, scores.masked_accuracy
        ));
        Ok(scores)
    }

    fn keep(&mut self, stepper: &Stepper<'_>) -> Result<(), TrainError> {
        self.tick();
        let checkpoint = checkpoint(&self.at, self.model, stepper)?;
        Ok(self.keeper.keep(stepper.done, &checkpoint)?)
    }

    fn tick(&mut self) {
        let now = Instant::now();
        self.at.seconds += (now - std::mem::replace(&mut self.clock, now)).as_secs_f64();
    }

    /// Writes the results, and then removes the checkpoint.
    pub(super) fn finish(
        mut self,
        family: Family,
        BeforeAfter { before, after }: BeforeAfter,
    ) -> Result<DaptSummary, TrainError> {
        self.tick();
        let summary = DaptSummary {
            before,
            after,
            steps: self.at.steps,
            head_steps: self.at.head_steps,
            sequences: self.train.ids.len(),
            pieces: self.train.pieces(),
            trainable_parameters: self.model.trainable_parameters(),
            seconds: self.at.seconds,
            peak_memory_bytes: peak_bytes(),
        };
        let tensors = TrainedTensors {
            branches: copies(&self.model.trainable())?,
            head: copies(self.model.fresh_head())?,
        };
        let out = &self.job.setup.out;
        let dir = out.join("adapter");
        write_adapter(&dir, self.job, family, &tensors, &summary).map_err(TrainError::output(&dir))?;
        let path = out.join("summary.json");
        write_json(&path, &summary).map_err(TrainError::output(&path))?;
        self.keeper.forget()?;
        Ok(summary)
    }
}
