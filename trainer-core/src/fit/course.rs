//! The epochs of a training, from where it stands until patience or epochs run out.

use std::time::Instant;

use super::early_stop::Standing;
use super::epoch::SignsOfLife;
use super::evaluate::{Evaluation, evaluate};
use super::loaded::Loaded;
use super::progress::{BestEpoch, Progress, Resumption, checkpoint, resume};
use crate::checkpoint::Keeper;
use crate::corpus::batch::bucketed;
use crate::rng::Seeds;
use crate::step::{Example, Stepped, Stepper};
use crate::values::NamedValues;
use crate::{EpochMetrics, Resumed, Supervisor, TrainError, TrainJob, TrainerEvent};

/// A training in progress.
pub(super) struct Course<'a> {
    pub(super) job: &'a TrainJob,
    pub(super) loaded: &'a Loaded,
    pub(super) stepper: Stepper<'a>,
    pub(super) seeds: &'a Seeds,
    pub(super) keeper: Keeper,
    pub(super) at: Progress,
    /// Trained tensors of the best epoch.
    pub(super) best: NamedValues,
    /// The best epoch's evaluation on dev; absent where an earlier run of the job trained it.
    pub(super) best_dev: Option<Evaluation>,
    pub(super) total_steps: usize,
    /// When `at.seconds` was last updated.
    pub(super) clock: Instant,
}

impl Course<'_> {
    /// Continues from a checkpoint, if there is one.
    ///
    /// # Errors
    /// The checkpoint of another job, or one that another rule for the best epoch made.
    pub(super) fn resume(&mut self) -> Result<Option<Resumed>, TrainError> {
        let Some(found) = self.keeper.found()? else { return Ok(None) };
        let Resumption { progress, best } = resume(found, &mut self.stepper)?;
        if !progress.holds_the_best(self.job.objective) {
            let part = "the best epoch by this version's rule, by which a tie goes to the lower dev loss";
            return Err(TrainError::Checkpoint(self.keeper.without(part)));
        }
        (self.at, self.best) = (progress, best);
        self.at.reports.iter_mut().for_each(|report| report.carried = true);
        Ok(Some(Resumed { epochs: self.at.reports.len(), step: self.at.step }))
    }

    /// Repeats the reports of earlier runs of the job.
    pub(super) fn repeat_reports(&self, supervisor: &mut dyn Supervisor) {
        for report in &self.at.reports {
            supervisor.event(TrainerEvent::Epoch(report.clone()));
        }
    }

    /// Trains to the end. If it is interrupted, it writes a checkpoint first.
    ///
    /// # Errors
    /// Those of [`Stepper::step`], an interruption, a checkpoint that cannot be written.
    pub(super) fn run(&mut self, supervisor: &mut dyn Supervisor) -> Result<(), TrainError> {
        while self.at.reports.len() < self.job.params.max_epochs && !self.at.is_exhausted(self.job) {
            match self.epoch(supervisor) {
                Err(TrainError::Interrupted(interrupted)) => {
                    self.keep()?;
                    supervisor.log(&format!("interrupted; the progress after step {} is kept", self.at.step));
                    return Err(interrupted.into());
                }
                ended => ended?,
            }
            self.keep()?;
        }
        Ok(())
    }

    fn epoch(&mut self, supervisor: &mut dyn Supervisor) -> Result<(), TrainError> {
        self.pass(supervisor)?;
        let evaluation = evaluate(&self.loaded.tagger, &self.loaded.dev, &self.loaded.labels, supervisor)?;
        if !evaluation.loss.is_finite() {
            let (step, value) = (self.at.step, evaluation.loss);
            return Err(TrainError::Diverged { step, tensor: "dev loss".into(), value });
        }
        let epoch = self.at.epoch();
        let dev = evaluation.scores.overall;
        self.report(&evaluation, supervisor);
        let standing = Standing::after(&self.at.reports, self.job.objective);
        if standing.is_some_and(|standing| standing.best == epoch) {
            self.at.best = Some(BestEpoch { epoch, dev });
            self.best = self.stepper.snapshot()?;
            self.best_dev = Some(evaluation);
        }
        Ok(())
    }

    /// Trains on the windows that this epoch has not seen yet.
    fn pass(&mut self, supervisor: &mut dyn Supervisor) -> Result<(), TrainError> {
        let (epoch, train) = (self.at.epoch(), &self.loaded.train);
        let mut order = self.seeds.child("order").nth(epoch).draws();
        let batches = bucketed(&train.lengths(), self.job.params.batch_size, &mut order);
        let mut signs = SignsOfLife::new(self.total_steps);
        for members in batches.iter().skip(self.at.batches) {
            let began = Instant::now();
            let examples: Vec<Example<'_>> = members.iter().map(|&at| train.example(at)).collect();
            if let Stepped::Done(measured) = self.stepper.step(&examples, supervisor)? {
                self.at.pass.add(measured, members.len(), began.elapsed().as_secs_f64());
            }
            self.at.batches += 1;
            self.at.step = self.stepper.done;
            signs.after(epoch, self.at.step, &self.at.pass, supervisor);
            if self.keeper.is_due(self.at.step) {
                self.keep()?;
            }
        }
        Ok(())
    }

    /// Ends the epoch in progress with its report.
    fn report(&mut self, evaluation: &Evaluation, supervisor: &mut dyn Supervisor) {
        let before: f64 = self.at.reports.iter().map(|report| report.seconds).sum();
        self.tick();
        let trained = std::mem::take(&mut self.at.pass);
        let metrics = EpochMetrics {
            epoch: self.at.epoch(),
            step: self.at.step,
            train_loss: trained.loss(),
            dev_loss: evaluation.loss,
            dev: evaluation.scores.overall,
            learning_rate: trained.learning_rate,
            gradient_norm: trained.gradient_norm(),
            seconds: self.at.seconds - before,
            train_seconds: trained.seconds,
            sentences_per_second: trained.per_second(self.loaded.train.sentences.len()),
            tokens_per_second: trained.per_second(trained.pieces),
            padded_tokens_per_second: trained.per_second(trained.computed),
            peak_memory_bytes: self.stepper.peak_bytes(),
            carried: false,
        };
        supervisor.log(&format!(
            "epoch {}: loss {:.4}, dev loss {:.4}, dev F1 {:.4} strict {:.4} conlleval, {:.1} s, {:.0} tokens/s",
            metrics.epoch,
            metrics.train_loss,
            metrics.dev_loss,
            metrics.dev.strict.f1,
            metrics.dev.conlleval.f1,
            metrics.seconds,
            metrics.tokens_per_second
        ));
        self.at.batches = 0;
        self.at.reports.push(metrics.clone());
        supervisor.event(TrainerEvent::Epoch(metrics));
    }

    /// Wall seconds of the training so far, earlier runs of the job included.
    pub(super) fn tick(&mut self) -> f64 {
        let now = Instant::now();
        self.at.seconds += (now - std::mem::replace(&mut self.clock, now)).as_secs_f64();
        self.at.seconds
    }

    fn keep(&mut self) -> Result<(), TrainError> {
        self.tick();
        let checkpoint = checkpoint(&self.at, &self.stepper, &self.best)?;
        Ok(self.keeper.keep(self.at.step, &checkpoint)?)
    }
}
