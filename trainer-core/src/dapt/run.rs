//! A pretraining from its job to its results.

use std::time::{Duration, Instant};

use super::held_out::HeldOut;
use super::masks::{Masked, Vocabulary};
use super::outputs::{write_adapter, write_summary};
use super::progress::{EpochSoFar, Progress, TakenUp, checkpoint, identity};
use super::sequences::Sequences;
use super::step::{Stepper, Trains, copies};
use crate::backbone::{BackboneError, EncoderConfig, START, Weights};
use crate::checkpoint::Keeper;
use crate::corpus::batch::bucketed;
use crate::corpus::pieces::WordPieces;
use crate::memory::peak_bytes;
use crate::model::{LoraShape, MaskedLm};
use crate::optim::Schedule;
use crate::rng::Seeds;
use crate::{DaptEpoch, DaptJob, DaptSummary, HeldOutScores, Supervisor, TrainError, TrainerEvent};

/// How often a line of the log is written within a phase.
const LINE: Duration = Duration::from_secs(10);

/// See [`super::dapt`].
pub(super) fn run(job: &DaptJob, supervisor: &mut dyn Supervisor) -> Result<DaptSummary, TrainError> {
    let clock = Instant::now();
    let seeds = Seeds::root(job.seed).child("dapt");
    let config = EncoderConfig::read(&job.backbone)?;
    let pieces = WordPieces::open(&job.backbone)?;
    if job.backbone.join(START).is_dir() {
        let problem = format!(
            "holds {START}/, an adapter of an earlier pretraining; merge it first with `pedigree export`"
        );
        return Err(BackboneError::Malformed { path: job.backbone.clone(), problem }.into());
    }
    let weights = Weights::open(&job.backbone, config.family)?;
    let vocabulary = vocabulary(job, &pieces, &config)?;
    let longest = job.params.max_length.min(config.max_position_embeddings);
    let pack = job.params.pack.then(|| seeds.child("packing").draws());
    let train = Sequences::read(&job.passages, &pieces, longest, pack)?;
    let measured = Sequences::read(&job.held_out, &pieces, longest, None)?;
    let initial = seeds.child("initial values");
    let compute = crate::device::open(job.device, job.precision, job.gradient_checkpointing)?;
    let model = MaskedLm::new(&config, &weights, Some(lora(job)), &initial, &compute)?;
    drop(weights);
    std::fs::create_dir_all(&job.out).map_err(TrainError::output(&job.out))?;
    supervisor.log(&format!(
        "{}: {} sequences of {} pieces in all; {} of {} parameters are trained",
        compute.describe(),
        train.ids.len(),
        train.pieces(),
        model.trainable_parameters(),
        model.total_parameters()
    ));
    let held_out = HeldOut::new(&measured, job.params.mask_share, &vocabulary);
    let keeper = Keeper::new(job.checkpoint.path(&job.out), identity(job)?, job.checkpoint.clone());
    let mut course = Course {
        job,
        seeds,
        vocabulary,
        train,
        held_out,
        model: &model,
        keeper,
        clock,
        at: Progress::default(),
    };
    let (before, after) = course.run(supervisor)?;
    course.finish(config.family, before, after)
}

fn vocabulary(job: &DaptJob, pieces: &WordPieces, config: &EncoderConfig) -> Result<Vocabulary, TrainError> {
    let Some(mask) = pieces.mask() else {
        let problem = "has no [MASK] piece, which masked-language modelling needs".to_owned();
        return Err(BackboneError::Malformed { path: job.backbone.clone(), problem }.into());
    };
    let size = pieces.vocabulary().min(config.vocab_size);
    Ok(Vocabulary { mask, size, special: [pieces.cls, pieces.sep] })
}

fn lora(job: &DaptJob) -> LoraShape {
    let params = &job.params;
    LoraShape {
        rank: params.lora_r,
        alpha: params.lora_alpha,
        dropout: params.lora_dropout,
        targets: params.lora_targets,
    }
}

struct Course<'a> {
    job: &'a DaptJob,
    seeds: Seeds,
    vocabulary: Vocabulary,
    train: Sequences,
    held_out: HeldOut,
    model: &'a MaskedLm,
    keeper: Keeper,
    clock: Instant,
    at: Progress,
}

impl Course<'_> {
    /// Both phases and the measurements around the second one.
    fn run(&mut self, supervisor: &mut dyn Supervisor) -> Result<(HeldOutScores, HeldOutScores), TrainError> {
        let found = self.keeper.found()?;
        let mut taken_up = found.map(|found| TakenUp::new(found, self.model)).transpose()?;
        if let Some(taken_up) = &taken_up {
            self.at = taken_up.progress.clone();
            let Progress { head_steps, steps, .. } = self.at;
            supervisor
                .log(&format!("continuing after {head_steps} steps of the head and {steps} of the adapter"));
            for epoch in &self.at.epochs {
                supervisor.event(TrainerEvent::DaptEpoch(DaptEpoch { carried: true, ..epoch.clone() }));
            }
        }
        if self.at.before.is_none() && !self.model.fresh_head().is_empty() {
            self.phase(Trains::Head, self.job.params.head_steps, &mut taken_up, supervisor)?;
        }
        let before = match self.at.before {
            Some(before) => before,
            None => self.measure("before", supervisor)?,
        };
        if self.at.before.replace(before).is_none() {
            self.tick();
            self.at.epoch.began = self.at.seconds;
        }
        self.phase(Trains::Branches, self.steps(), &mut taken_up, supervisor)?;
        let after = self.at.epochs.last().map_or(before, |epoch| epoch.held_out);
        Ok((before, after))
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
        taken_up: &mut Option<TakenUp>,
        supervisor: &mut dyn Supervisor,
    ) -> Result<(), TrainError> {
        let params = &self.job.params;
        let (name, rate) = match trains {
            Trains::Head => ("head", params.head_learning_rate),
            Trains::Branches => ("adapter", params.learning_rate),
        };
        let seeds = self.seeds.child(name);
        let schedule = Schedule::with_warmup(total, params.warmup_steps.min(total / 10));
        let rates = ((rate, params.weight_decay, params.clip), params.micro_batch.get());
        let mut stepper = Stepper::new(self.model, trains, schedule, rates, &seeds);
        if let Some(taken_up) = taken_up {
            taken_up.begin_phase(trains, &mut stepper);
        }
        let mut lines = Lines { name, total, last: Instant::now(), losses: 0.0, steps: 0 };
        while stepper.done < total || self.is_unmeasured(trains, total) {
            match self.forward(trains, &mut stepper, (&seeds, total), &mut lines, supervisor) {
                Err(TrainError::Interrupted(interrupted)) => {
                    self.keep(&stepper)?;
                    supervisor.log(&format!("interrupted; the progress after step {} is kept", stepper.done));
                    return Err(interrupted.into());
                }
                done => done?,
            }
            let ended = trains == Trains::Branches && self.at.epoch.steps == 0;
            if self.keeper.is_due(stepper.done) || stepper.done == total || ended {
                self.keep(&stepper)?;
            }
        }
        Ok(())
    }

    /// What comes next in a phase: the measurement that ends an epoch, or a step.
    fn forward(
        &mut self,
        trains: Trains,
        stepper: &mut Stepper<'_>,
        (seeds, total): (&Seeds, usize),
        lines: &mut Lines,
        supervisor: &mut dyn Supervisor,
    ) -> Result<(), TrainError> {
        if self.is_unmeasured(trains, total) {
            return self.end_epoch(supervisor);
        }
        let batch = self.batch(stepper.done, seeds);
        let loss = stepper.step(&batch, supervisor)?;
        lines.after(stepper.done, loss, supervisor);
        match trains {
            Trains::Head => self.at.head_steps = stepper.done,
            Trains::Branches => {
                self.at.steps = stepper.done;
                self.at.epoch.loss += loss;
                self.at.epoch.steps += 1;
                self.at.epoch.pieces += batch.iter().map(|sequence| sequence.ids.len()).sum::<usize>();
            }
        }
        Ok(())
    }

    /// Whether the branches are at the end of an epoch, or at their own, and nothing was measured there yet.
    fn is_unmeasured(&self, trains: Trains, total: usize) -> bool {
        let at_an_end = self.at.steps == total || self.at.steps.is_multiple_of(self.per_epoch());
        trains == Trains::Branches && self.at.epoch.steps > 0 && at_an_end
    }

    /// Measures the held-out text and tells of the epoch that has ended.
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

    /// The sequences of step `done`, masked for their epoch.
    fn batch(&self, done: usize, seeds: &Seeds) -> Vec<Masked> {
        let (batch_size, per_epoch) = (self.job.params.batch_size, self.per_epoch());
        let (epoch, at) = (done / per_epoch, done % per_epoch);
        let mut order = seeds.child("order").nth(epoch).draws();
        let batches = bucketed(&self.train.lengths(), batch_size, &mut order);
        let masks = seeds.child("masks").nth(epoch);
        let mask = |index: &usize| {
            let mut draws = masks.nth(*index).draws();
            Masked::new(&self.train.ids[*index], self.job.params.mask_share, &self.vocabulary, &mut draws)
        };
        batches[at].iter().map(mask).collect()
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

    fn finish(
        mut self,
        family: crate::backbone::Family,
        before: HeldOutScores,
        after: HeldOutScores,
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
        let (branches, head) = (copies(&self.model.trainable())?, copies(self.model.fresh_head())?);
        let dir = self.job.out.join("adapter");
        write_adapter(&dir, self.job, family, (&branches, &head), &summary)
            .map_err(TrainError::output(&dir))?;
        let path = self.job.out.join("summary.json");
        write_summary(&path, &summary).map_err(TrainError::output(&path))?;
        self.keeper.forget()?;
        Ok(summary)
    }
}

/// Lines of the log within a phase.
struct Lines {
    name: &'static str,
    total: usize,
    last: Instant,
    losses: f64,
    steps: usize,
}

impl Lines {
    fn after(&mut self, done: usize, loss: f64, supervisor: &mut dyn Supervisor) {
        self.losses += loss;
        self.steps += 1;
        if self.last.elapsed() < LINE && done < self.total {
            return;
        }
        let (name, total) = (self.name, self.total);
        let (mean, pace) =
            (self.losses / self.steps as f64, self.steps as f64 / self.last.elapsed().as_secs_f64());
        supervisor.log(&format!("{name}: step {done} of {total}, loss {mean:.4}, {pace:.2} steps/s"));
        (self.last, self.losses, self.steps) = (Instant::now(), 0.0, 0);
    }
}
