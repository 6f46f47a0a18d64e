//! The course of a training.

use std::collections::BTreeMap;
use std::time::Instant;

use super::Supervisor;
use super::early_stop::EarlyStop;
use super::epoch::{Pass, pass};
use super::evaluate::{Evaluation, evaluate};
use super::loaded::Loaded;
use super::outputs::{predictions, write_summary};
use super::splits::Windowed;
use super::step::Stepper;
use crate::adapter::{Adapter, Trained};
use crate::memory::peak_bytes;
use crate::optim::Schedule;
use crate::rng::Seeds;
use crate::score::write_predictions;
use crate::{
    EntityScore, EpochMetrics, ProtocolScores, ScoringProtocol, TestAccess, TestScores, TrainError, TrainJob,
    TrainSummary, TrainerEvent,
};

/// The best epoch: what it scored, what it predicted, and its trained tensors.
struct Best {
    epoch: usize,
    dev: Evaluation,
    tensors: BTreeMap<String, Trained>,
}

/// How the epochs went.
struct Course {
    best: Best,
    epochs: usize,
    stopped_early: bool,
}

/// See [`super::train`].
pub(super) fn run(job: &TrainJob, supervisor: &mut dyn Supervisor) -> Result<TrainSummary, TrainError> {
    let started = Instant::now();
    let seeds = Seeds::root(job.seed);
    let loaded = Loaded::new(job, &seeds, supervisor)?;
    std::fs::create_dir_all(&job.out).map_err(TrainError::output(&job.out))?;
    let per_epoch = loaded.train.windows.len().div_ceil(job.params.batch_size);
    let schedule = Schedule::new(per_epoch * job.params.max_epochs, job.params.warmup_ratio);
    announce(&loaded, schedule.total(), supervisor);
    let mut stepper = Stepper::new(&loaded.tagger, &job.params, schedule, &seeds);
    let Course { best, epochs, stopped_early } = epochs(job, &loaded, &mut stepper, &seeds, supervisor)?;
    stepper.restore(&best.tensors)?;
    write_adapter(job, &loaded, &best)?;
    let test = test_scores(job, &loaded, &best, supervisor)?;
    let dev = best.dev.scores.overall;
    let summary = TrainSummary {
        best_epoch: best.epoch,
        epochs,
        stopped_early,
        objective: under(job.objective, dev).f1,
        dev,
        test,
        trainable_parameters: loaded.tagger.trainable_parameters(),
        seconds: started.elapsed().as_secs_f64(),
        peak_memory_bytes: peak_bytes(),
    };
    let path = job.out.join("summary.json");
    write_summary(&path, &summary).map_err(TrainError::output(&path))?;
    Ok(summary)
}

fn under(protocol: ScoringProtocol, scores: ProtocolScores) -> EntityScore {
    match protocol {
        ScoringProtocol::Strict => scores.strict,
        ScoringProtocol::Conlleval => scores.conlleval,
    }
}

fn announce(loaded: &Loaded, total_steps: usize, supervisor: &mut dyn Supervisor) {
    let tagger = &loaded.tagger;
    supervisor.log(&format!(
        "training {} of {} parameters, {} tags, at most {total_steps} steps",
        tagger.trainable_parameters(),
        tagger.total_parameters(),
        loaded.labels.tags().len()
    ));
    supervisor.event(TrainerEvent::Started {
        trainable_parameters: tagger.trainable_parameters(),
        total_parameters: tagger.total_parameters(),
        train_sentences: loaded.train.sentences.len(),
        train_windows: loaded.train.windows.len(),
        total_steps,
        labels: loaded.labels.tags().to_vec(),
    });
}

fn epochs(
    job: &TrainJob,
    loaded: &Loaded,
    stepper: &mut Stepper<'_>,
    seeds: &Seeds,
    supervisor: &mut dyn Supervisor,
) -> Result<Course, TrainError> {
    let Loaded { train, dev, tagger, labels, .. } = loaded;
    let total_steps = train.windows.len().div_ceil(job.params.batch_size) * job.params.max_epochs;
    let mut stop = EarlyStop::new(job.params.patience);
    let mut best: Option<Best> = None;
    let mut epoch = 0;
    loop {
        epoch += 1;
        let started = Instant::now();
        let order = (job.params.batch_size, seeds.child("order").nth(epoch).draws());
        let trained = pass((epoch, total_steps), tagger, stepper, train, order, supervisor)?;
        let evaluation = evaluate(tagger, dev, labels, supervisor)?;
        report(epoch, stepper.done, started, (&trained, &evaluation), train, supervisor);
        let score = under(job.objective, evaluation.scores.overall).f1;
        if stop.improves(epoch, score) {
            best = Some(Best { epoch, dev: evaluation, tensors: stepper.snapshot()? });
        }
        let stopped_early = epoch < job.params.max_epochs && stop.exhausted(epoch);
        match best {
            Some(best) if stopped_early || epoch == job.params.max_epochs => {
                return Ok(Course { best, epochs: epoch, stopped_early });
            }
            kept => best = kept,
        }
    }
}

fn report(
    epoch: usize,
    step: usize,
    started: Instant,
    (trained, evaluation): (&Pass, &Evaluation),
    train: &Windowed,
    supervisor: &mut dyn Supervisor,
) {
    let dev = evaluation.scores.overall;
    let tokens_per_second = trained.per_second(trained.pieces);
    let metrics = EpochMetrics {
        epoch,
        step,
        train_loss: trained.loss(),
        dev_loss: evaluation.loss,
        dev,
        learning_rate: trained.learning_rate,
        gradient_norm: trained.gradient_norm(),
        seconds: started.elapsed().as_secs_f64(),
        train_seconds: trained.seconds,
        sentences_per_second: trained.per_second(train.sentences.len()),
        tokens_per_second,
        // Packed batches hold no padding.
        padded_tokens_per_second: tokens_per_second,
        peak_memory_bytes: peak_bytes(),
    };
    supervisor.log(&format!(
        "epoch {epoch}: loss {:.4}, dev loss {:.4}, dev F1 {:.4} strict {:.4} conlleval, {:.1} s, {:.0} tokens/s",
        metrics.train_loss, metrics.dev_loss, dev.strict.f1, dev.conlleval.f1, metrics.seconds, tokens_per_second
    ));
    supervisor.event(TrainerEvent::Epoch(metrics));
}

fn write_adapter(job: &TrainJob, loaded: &Loaded, best: &Best) -> Result<(), TrainError> {
    let dev = best.dev.scores.overall;
    let adapter = Adapter {
        job,
        family: loaded.tagger.family(),
        labels: &loaded.labels,
        tensors: &best.tensors,
        best_epoch: best.epoch,
        dev_f1: (dev.strict.f1, dev.conlleval.f1),
    };
    let dir = job.out.join("adapter");
    adapter.write(&dir).map_err(TrainError::output(&dir))
}

/// Writes the predictions, after opening the test split if the job may.
fn test_scores(
    job: &TrainJob,
    loaded: &Loaded,
    best: &Best,
    supervisor: &mut dyn Supervisor,
) -> Result<Option<TestScores>, TrainError> {
    let path = match &job.test {
        TestAccess::Never => None,
        TestAccess::Path(path) => Some(path.clone()),
        TestAccess::OnRequest => {
            supervisor.event(TrainerEvent::TestWanted);
            Some(supervisor.test_split()?)
        }
    };
    let opened = match path {
        None => None,
        Some(path) => {
            let test = loaded.test(&path, supervisor)?;
            let evaluation = evaluate(&loaded.tagger, &test, &loaded.labels, supervisor)?;
            Some((test, evaluation))
        }
    };
    let dev = predictions("dev", &loaded.dev, &best.dev);
    let test = opened.iter().flat_map(|(test, evaluation)| predictions("test", test, evaluation));
    let path = job.out.join("predictions.jsonl");
    write_predictions(&path, dev.chain(test)).map_err(TrainError::output(&path))?;
    Ok(opened.map(|(test, evaluation)| TestScores {
        overall: evaluation.scores.overall,
        per_type: evaluation.scores.per_type,
        sentences: test.sentences.len(),
        windowed_sentences: test.windowed_sentences(),
        orphan_tags: evaluation.scores.orphan_tags,
    }))
}
