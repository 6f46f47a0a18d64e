//! A test run: trained models meet the test split.
//!
//! Owns the order of things: every model is read before the split is asked for, so that a damaged one leaves the split
//! shut. Must not know who decides that the split may be opened.

use std::path::Path;
use std::time::Instant;

use super::{Evaluated, EvaluationOptions, EvaluationReport, InferenceError, Recogniser, TypeMap, evaluate};
use crate::corpus::{ReadOptions, Sentence, read};
use crate::decode::Decoding;
use crate::json_file::write_json;
use crate::memory::peak_bytes;
use crate::metrics::{ModelScores, TestScores, TestSummary};
use crate::score::SurfaceForms;
use crate::{Interrupted, Supervisor, TestJob, TrainError, TrainerEvent, device, threads, write_predictions};

/// Examples of each class of mistakes.
const EXAMPLES: usize = 3;

/// Scores the job's models on the test split and writes their predictions, their mistakes and `summary.json`.
///
/// # Errors
/// A job, a model or a split that is wrong; the supervisor stopped it; a result that cannot be written.
pub fn test(job: &TestJob, supervisor: &mut dyn Supervisor) -> Result<TestSummary, InferenceError> {
    job.check().map_err(TrainError::from)?;
    threads::with(job.setup.threads, || run(job, supervisor))
}

fn run(job: &TestJob, supervisor: &mut dyn Supervisor) -> Result<TestSummary, InferenceError> {
    let clock = Instant::now();
    let options = ReadOptions { entity_type: job.entity_type.clone(), ..ReadOptions::default() };
    let train = read(&job.train, &options)?.sentences;
    let seen = SurfaceForms::of(&train);
    for model in &job.models {
        open(job, &model.adapter)?;
    }
    supervisor.log(&format!("{} models are read; the test split is wanted", job.models.len()));
    let path = match &job.test {
        Some(path) => path.clone(),
        None => {
            supervisor.event(TrainerEvent::TestWanted);
            supervisor.test_split().map_err(TrainError::from)?
        }
    };
    let sentences = read(&path, &options)?.sentences;
    let mut models = Vec::with_capacity(job.models.len());
    for model in &job.models {
        let recogniser = open(job, &model.adapter)?;
        let report = score(job, &model.name, &recogniser, sentences.clone(), seen.clone(), supervisor)?;
        supervisor.log(&format!("{}: strict F1 {:.4}", model.name, report.overall.strict.f1));
        models.push(ModelScores { name: model.name.clone(), scores: scores(report) });
    }
    let summary =
        TestSummary { models, seconds: clock.elapsed().as_secs_f64(), peak_memory_bytes: peak_bytes() };
    let path = job.setup.out.join("summary.json");
    write_json(&path, &summary).map_err(TrainError::output(&path))?;
    Ok(summary)
}

fn open(job: &TestJob, adapter: &Path) -> Result<Recogniser, InferenceError> {
    Recogniser::open_on(adapter, &job.setup.backbone, &device::of_job(&job.setup)?)
}

fn score(
    job: &TestJob,
    name: &str,
    model: &Recogniser,
    sentences: Vec<Sentence>,
    train: SurfaceForms,
    supervisor: &dyn Supervisor,
) -> Result<EvaluationReport, InferenceError> {
    let options = EvaluationOptions {
        split: "test".into(),
        decoding: Decoding::Argmax,
        types: TypeMap::default(),
        train: Some(train),
        examples: EXAMPLES,
    };
    let mut poll = |_, _| if supervisor.interrupted() { Err(Interrupted) } else { Ok(()) };
    let Evaluated { report, predictions } = evaluate(model, sentences, &options, &mut poll)?;
    let folder = job.setup.out.join(name);
    std::fs::create_dir_all(&folder).map_err(TrainError::output(&folder))?;
    let path = folder.join("predictions.jsonl");
    write_predictions(&path, predictions).map_err(TrainError::output(&path))?;
    let path = folder.join("errors.json");
    write_json(&path, &report.errors).map_err(TrainError::output(&path))?;
    Ok(report)
}

fn scores(report: EvaluationReport) -> TestScores {
    TestScores {
        overall: report.overall,
        per_type: report.per_type,
        sentences: report.sentences,
        windowed_sentences: report.windowed_sentences,
        orphan_tags: report.orphan_tags,
    }
}
