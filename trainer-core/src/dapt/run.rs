//! A pretraining from its job to its results: load, pretrain, write.

use std::time::Instant;

use super::course::Course;
use super::held_out::HeldOut;
use super::masks::Vocabulary;
use super::progress::{Progress, identity};
use super::sequences::Sequences;
use crate::backbone::pieces::WordPieces;
use crate::backbone::{BackboneError, EncoderConfig, START, Weights};
use crate::checkpoint::Keeper;
use crate::model::{LoraShape, MaskedLm};
use crate::rng::Seeds;
use crate::{DaptJob, DaptSummary, Supervisor, TrainError, threads};

/// Pretrains, measures before and after, and writes `adapter/` and `summary.json` into the job's `out`.
///
/// The same job on the same machine gives the same bits on the CPU, also when it was interrupted and started again.
///
/// # Errors
/// See [`TrainError`].
pub fn dapt(job: &DaptJob, supervisor: &mut dyn Supervisor) -> Result<DaptSummary, TrainError> {
    job.check()?;
    threads::with(job.setup.threads, || run(job, supervisor))
}

fn run(job: &DaptJob, supervisor: &mut dyn Supervisor) -> Result<DaptSummary, TrainError> {
    let clock = Instant::now();
    let seeds = Seeds::root(job.setup.seed).child("dapt");
    let (backbone, out) = (&job.setup.backbone, &job.setup.out);
    let config = EncoderConfig::read(backbone)?;
    let pieces = WordPieces::open(backbone)?;
    pieces.check(backbone, &config)?;
    if backbone.join(START).is_dir() {
        let problem = format!(
            "holds {START}/, an adapter of an earlier pretraining; merge it first with `pedigree export`"
        );
        return Err(BackboneError::Malformed { path: backbone.clone(), problem }.into());
    }
    let weights = Weights::open(backbone, config.family)?;
    let vocabulary = vocabulary(job, &pieces)?;
    let longest = job.params.max_length.min(config.longest_input());
    let pack = job.params.pack.then(|| seeds.child("packing").draws());
    let train = Sequences::read(&job.passages, &pieces, longest, pack)?;
    let measured = Sequences::read(&job.held_out, &pieces, longest, None)?;
    let initial = seeds.child("initial values");
    let compute = crate::device::of_job(&job.setup)?;
    let model = MaskedLm::new(&config, &weights, Some(lora(job)), &initial, &compute)?;
    drop(weights);
    std::fs::create_dir_all(out).map_err(TrainError::output(out))?;
    supervisor.log(&format!(
        "{}: {} sequences of {} pieces in all; {} of {} parameters are trained",
        compute.describe(),
        train.ids.len(),
        train.pieces(),
        model.trainable_parameters(),
        model.total_parameters()
    ));
    let held_out = HeldOut::new(&measured, job.params.mask_share, &vocabulary);
    let keeper = Keeper::new(job.setup.checkpoint.path(out), identity(job)?, job.setup.checkpoint.clone());
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
    let scores = course.run(supervisor)?;
    course.finish(config.family, scores)
}

fn vocabulary(job: &DaptJob, pieces: &WordPieces) -> Result<Vocabulary, TrainError> {
    let Some(mask) = pieces.mask() else {
        let problem = "has no [MASK] piece, which masked-language modelling needs".to_owned();
        return Err(BackboneError::Malformed { path: job.setup.backbone.clone(), problem }.into());
    };
    Ok(Vocabulary { mask, size: pieces.vocabulary(), special: [pieces.frame.cls, pieces.frame.sep] })
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
