//! A training from its job to its results.

use std::collections::BTreeMap;
use std::time::Instant;

use super::Supervisor;
use super::course::Course;
use super::evaluate::{Evaluation, evaluate};
use super::loaded::Loaded;
use super::outputs::{predictions, write_errors, write_summary};
use super::progress::{BestEpoch, Progress, identity};
use super::step::Stepper;
use crate::adapter::{Adapter, Trained};
use crate::checkpoint::Keeper;
use crate::optim::Schedule;
use crate::rng::Seeds;
use crate::score::write_predictions;
use crate::{
    EntityScore, ProtocolScores, Resumed, ScoringProtocol, TestAccess, TestScores, TrainError, TrainJob,
    TrainSummary, TrainerEvent,
};

/// See [`super::train`].
pub(super) fn run(job: &TrainJob, supervisor: &mut dyn Supervisor) -> Result<TrainSummary, TrainError> {
    let clock = Instant::now();
    let seeds = Seeds::root(job.seed);
    let loaded = Loaded::new(job, &seeds, supervisor)?;
    std::fs::create_dir_all(&job.out).map_err(TrainError::output(&job.out))?;
    let mut course = course(job, &loaded, &seeds, clock)?;
    let resumed = course.take_up()?;
    announce(&loaded, course.total_steps, resumed, supervisor);
    course.say_again(supervisor);
    course.run(supervisor)?;
    finish(course, supervisor)
}

fn course<'a>(
    job: &'a TrainJob,
    loaded: &'a Loaded,
    seeds: &'a Seeds,
    clock: Instant,
) -> Result<Course<'a>, TrainError> {
    let per_epoch = loaded.train.windows.len().div_ceil(job.params.batch_size);
    let schedule = Schedule::new(per_epoch * job.params.max_epochs, job.params.warmup_ratio);
    Ok(Course {
        job,
        loaded,
        stepper: Stepper::new(&loaded.tagger, &job.params, schedule, loaded.parts, seeds),
        seeds,
        keeper: Keeper::new(
            job.checkpoint.path(&job.out),
            identity(job, loaded.start.as_ref())?,
            job.checkpoint.clone(),
        ),
        at: Progress::new(job.params.patience),
        best: BTreeMap::new(),
        best_dev: None,
        total_steps: schedule.total(),
        clock,
    })
}

/// Writes the results of the best epoch; then the checkpoint is not needed any more.
fn finish(mut course: Course<'_>, supervisor: &mut dyn Supervisor) -> Result<TrainSummary, TrainError> {
    let (job, loaded) = (course.job, course.loaded);
    course.stepper.restore(&course.best)?;
    let Some(best) = course.at.best else {
        return Err(TrainError::Checkpoint(course.keeper.without("a best epoch")));
    };
    // The weights are the best epoch's again, and so is what they say.
    let dev = match course.best_dev.take() {
        Some(dev) => dev,
        None => evaluate(&loaded.tagger, &loaded.dev, &loaded.labels, supervisor)?,
    };
    write_adapter(job, loaded, best, &course.best)?;
    let test = test_scores(job, loaded, &dev, supervisor)?;
    let epochs = course.at.reports.len();
    let summary = TrainSummary {
        best_epoch: best.epoch,
        epochs,
        stopped_early: epochs < job.params.max_epochs,
        objective: under(job.objective, best.dev).f1,
        dev: best.dev,
        test,
        trainable_parameters: loaded.tagger.trainable_parameters(),
        seconds: course.tick(),
        peak_memory_bytes: course.stepper.peak_bytes(),
    };
    let path = job.out.join("summary.json");
    write_summary(&path, &summary).map_err(TrainError::output(&path))?;
    course.keeper.forget()?;
    Ok(summary)
}

/// The scores under one protocol.
pub(super) fn under(protocol: ScoringProtocol, scores: ProtocolScores) -> EntityScore {
    match protocol {
        ScoringProtocol::Strict => scores.strict,
        ScoringProtocol::Conlleval => scores.conlleval,
    }
}

fn announce(loaded: &Loaded, total_steps: usize, resumed: Option<Resumed>, supervisor: &mut dyn Supervisor) {
    let tagger = &loaded.tagger;
    supervisor.log(&format!(
        "{}: training {} of {} parameters, {} tags, at most {total_steps} steps",
        tagger.compute().describe(),
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
        resumed,
    });
    if let Some(Resumed { epochs, step }) = resumed {
        supervisor.log(&format!("continuing after {epochs} epochs and {step} steps of an earlier run"));
    }
}

fn write_adapter(
    job: &TrainJob,
    loaded: &Loaded,
    best: BestEpoch,
    tensors: &BTreeMap<String, Trained>,
) -> Result<(), TrainError> {
    let adapter = Adapter {
        job,
        family: loaded.tagger.family(),
        labels: &loaded.labels,
        tensors,
        start: loaded.start.as_ref(),
        best_epoch: best.epoch,
        dev_f1: (best.dev.strict.f1, best.dev.conlleval.f1),
    };
    let dir = job.out.join("adapter");
    adapter.write(&dir).map_err(TrainError::output(&dir))
}

/// Writes the predictions and the mistakes on test, after opening the test split if the job may.
fn test_scores(
    job: &TrainJob,
    loaded: &Loaded,
    dev: &Evaluation,
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
            let path = job.out.join("errors.json");
            write_errors(&path, &test, &evaluation, &loaded.train).map_err(TrainError::output(&path))?;
            Some((test, evaluation))
        }
    };
    let dev = predictions("dev", &loaded.dev, dev);
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
