//! A training from its job to its results.

use std::time::Instant;

use super::course::Course;
use super::evaluate::{Evaluation, evaluate};
use super::loaded::Loaded;
use super::outputs::{predictions, write_errors};
use super::progress::{BestEpoch, Progress, identity};
use super::tagging::step_plan;
use crate::adapter::Adapter;
use crate::checkpoint::Keeper;
use crate::json_file::write_json;
use crate::optim::Schedule;
use crate::rng::Seeds;
use crate::step::Stepper;
use crate::values::NamedValues;
use crate::{
    Resumed, Supervisor, TestAccess, TestScores, TrainError, TrainJob, TrainSummary, TrainerEvent, threads,
    write_predictions,
};

/// Trains, evaluates, and writes `adapter/`, `predictions.jsonl` and `summary.json` into the job's `out`.
///
/// The same job on the same machine gives the same bits on the CPU, whatever the number of threads.
///
/// # Errors
/// See [`TrainError`]; its [`TrainError::reason`] is the exit code of a trainer process.
pub fn train(job: &TrainJob, supervisor: &mut dyn Supervisor) -> Result<TrainSummary, TrainError> {
    job.check()?;
    threads::with(job.setup.threads, || run(job, supervisor))
}

fn run(job: &TrainJob, supervisor: &mut dyn Supervisor) -> Result<TrainSummary, TrainError> {
    let clock = Instant::now();
    let seeds = Seeds::root(job.setup.seed);
    let loaded = Loaded::new(job, &seeds, supervisor)?;
    let out = &job.setup.out;
    std::fs::create_dir_all(out).map_err(TrainError::output(out))?;
    let mut course = course(job, &loaded, &seeds, clock)?;
    let resumed = course.resume()?;
    announce(&loaded, course.total_steps, resumed, supervisor);
    course.repeat_reports(supervisor);
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
    let plan = step_plan(&job.params, schedule, loaded.parts);
    Ok(Course {
        job,
        loaded,
        stepper: Stepper::new(&loaded.tagger, plan, seeds),
        seeds,
        keeper: Keeper::new(
            job.setup.checkpoint.path(&job.setup.out),
            identity(job, loaded.start.as_ref())?,
            job.setup.checkpoint.clone(),
        ),
        at: Progress::new(),
        best: NamedValues::new(),
        best_dev: None,
        total_steps: schedule.total(),
        clock,
    })
}

/// Writes the results of the best epoch, and then removes the checkpoint.
fn finish(mut course: Course<'_>, supervisor: &mut dyn Supervisor) -> Result<TrainSummary, TrainError> {
    let (job, loaded) = (course.job, course.loaded);
    course.stepper.restore(&course.best)?;
    let Some(best) = course.at.best else {
        return Err(TrainError::Checkpoint(course.keeper.without("a best epoch")));
    };
    // The weights are those of the best epoch again.
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
        objective: best.dev.under(job.objective).f1,
        dev: best.dev,
        dev_loss: course.at.reports.get(best.epoch - 1).map(|report| report.dev_loss),
        test,
        trainable_parameters: loaded.tagger.trainable_parameters(),
        seconds: course.tick(),
        peak_memory_bytes: course.stepper.peak_bytes(),
    };
    let path = job.setup.out.join("summary.json");
    write_json(&path, &summary).map_err(TrainError::output(&path))?;
    course.keeper.forget()?;
    Ok(summary)
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
    tensors: &NamedValues,
) -> Result<(), TrainError> {
    let adapter = Adapter {
        job,
        family: loaded.tagger.family(),
        labels: &loaded.labels,
        tensors,
        start: loaded.start.as_ref(),
        best_epoch: best.epoch,
        dev: best.dev,
    };
    let dir = job.setup.out.join("adapter");
    adapter.write(&dir).map_err(TrainError::output(&dir))
}

/// Reads the test split where the job names one, and writes the predictions and the mistakes on test.
fn test_scores(
    job: &TrainJob,
    loaded: &Loaded,
    dev: &Evaluation,
    supervisor: &mut dyn Supervisor,
) -> Result<Option<TestScores>, TrainError> {
    let path = match &job.test {
        TestAccess::Never => None,
        TestAccess::Path(path) => Some(path),
    };
    let opened = match path {
        None => None,
        Some(path) => {
            let test = loaded.test(path, supervisor)?;
            let evaluation = evaluate(&loaded.tagger, &test, &loaded.labels, supervisor)?;
            let path = job.setup.out.join("errors.json");
            write_errors(&path, &test, &evaluation, &loaded.train).map_err(TrainError::output(&path))?;
            Some((test, evaluation))
        }
    };
    let dev = predictions("dev", &loaded.dev, dev);
    let test = opened.iter().flat_map(|(test, evaluation)| predictions("test", test, evaluation));
    let path = job.setup.out.join("predictions.jsonl");
    write_predictions(&path, dev.chain(test)).map_err(TrainError::output(&path))?;
    Ok(opened.map(|(test, evaluation)| TestScores {
        overall: evaluation.scores.overall,
        per_type: evaluation.scores.per_type,
        sentences: test.sentences.len(),
        windowed_sentences: test.windowed_sentences(),
        orphan_tags: evaluation.scores.orphan_tags,
    }))
}
