//! A job's inputs, read and checked.

use std::path::Path;

use super::parts::Parts;
use super::splits::Windowed;
use crate::adapter::StartAdapter;
use crate::backbone::{BackboneError, EncoderConfig, Weights};
use crate::corpus::pieces::WordPieces;
use crate::corpus::windows::WindowShape;
use crate::corpus::{LabelSet, ReadOptions, Sentence, read};
use crate::memory::{Limit, Sizes};
use crate::model::{Compute, LoraShape, Tagger};
use crate::rng::Seeds;
use crate::{MicroBatch, Supervisor, TrainError, TrainJob};

/// Everything that a training needs in memory.
pub(super) struct Loaded {
    pub(super) labels: LabelSet,
    pub(super) train: Windowed,
    pub(super) dev: Windowed,
    pub(super) tagger: Tagger,
    /// What is merged into its weights.
    pub(super) start: Option<StartAdapter>,
    /// How many windows of a batch go through the model at once.
    pub(super) parts: Parts,
    pieces: WordPieces,
    shape: WindowShape,
    options: ReadOptions,
}

impl Loaded {
    /// Reads splits and backbone.
    ///
    /// # Errors
    /// The first input that is wrong.
    pub(super) fn new(
        job: &TrainJob,
        seeds: &Seeds,
        supervisor: &mut dyn Supervisor,
    ) -> Result<Self, TrainError> {
        let options = ReadOptions { entity_type: job.entity_type.clone() };
        let (train, dev) = (read(&job.train, &options)?, read(&job.dev, &options)?);
        let labels = LabelSet::of(&train, &dev)?;
        let config = EncoderConfig::read(&job.backbone)?;
        let pieces = WordPieces::open(&job.backbone)?;
        check_vocabulary(&job.backbone, &pieces, &config)?;
        let shape = window_shape(job, &config, supervisor);
        let windowed = |split, sentences| Windowed::new(split, sentences, &labels, &pieces, shape);
        let train = windowed("train", first(train.sentences, job.params.max_train_sentences))?;
        let dev = windowed("dev", first(dev.sentences, job.params.max_dev_sentences))?;
        for (name, split) in [("train", &train), ("dev", &dev)] {
            log_split(name, split, supervisor);
        }
        let lora = LoraShape::of(&job.params);
        let compute = crate::device::open(job.device, job.precision, job.gradient_checkpointing)?;
        let parts = parts(job, &Sizes::of(&config, lora, &compute), &train.lengths(), &compute)?;
        let mut weights = Weights::open(&job.backbone, config.family)?;
        let start = StartAdapter::of_job(job)?;
        if let Some(start) = &start {
            start.merge_into(&mut weights, config.family)?;
            supervisor
                .log("starting from an adapter of domain-adaptive pretraining, merged into the weights");
        }
        let (count, initial) = (labels.tags().len(), seeds.child("initial values"));
        let tagger = Tagger::new(&config, &weights, count, Some(lora), &initial, &compute)?;
        Ok(Self { labels, train, dev, tagger, start, parts, pieces, shape, options })
    }

    /// Reads the test split.
    ///
    /// # Errors
    /// A split that is wrong, or has a type unknown to train and dev.
    pub(super) fn test(&self, path: &Path, supervisor: &mut dyn Supervisor) -> Result<Windowed, TrainError> {
        let split = read(path, &self.options)?;
        self.labels.check_test(&split)?;
        let test = Windowed::new("test", split.sentences, &self.labels, &self.pieces, self.shape)?;
        log_split("test", &test, supervisor);
        Ok(test)
    }
}

/// Refuses a job that cannot fit into memory, before anything large is read.
fn parts(job: &TrainJob, sizes: &Sizes, lengths: &[usize], compute: &Compute) -> Result<Parts, TrainError> {
    let (batch, limit) = (job.params.batch_size, Limit::on(&compute.device, job.memory_limit));
    let wanted = Parts::new(job.micro_batch, usize::MAX).size(batch);
    match sizes.fitting(lengths, wanted, &limit) {
        Ok(fitting) if fitting == wanted.min(lengths.len()) => Ok(Parts::new(job.micro_batch, batch)),
        Ok(fitting) if job.micro_batch == MicroBatch::Auto => Ok(Parts::new(job.micro_batch, fitting)),
        Ok(_) => {
            let mut longest = lengths.to_vec();
            longest.sort_unstable_by_key(|&length| std::cmp::Reverse(length));
            longest.truncate(wanted);
            let advice = "set \"micro_batch\": \"auto\", or a smaller batch_size or max_length";
            let demand = sizes.demand(&longest);
            Err(TrainError::OutOfMemory(format!("this training needs {demand}, more than {limit}; {advice}")))
        }
        Err(demand) => Err(TrainError::OutOfMemory(format!(
            "even one window at a time, this training needs {demand}, more than {limit}; take a smaller backbone or \
             max_length"
        ))),
    }
}

fn first(mut sentences: Vec<Sentence>, limit: Option<usize>) -> Vec<Sentence> {
    sentences.truncate(limit.unwrap_or(usize::MAX));
    sentences
}

/// The job's windows, as far as the backbone's positions allow.
fn window_shape(job: &TrainJob, config: &EncoderConfig, supervisor: &mut dyn Supervisor) -> WindowShape {
    let asked = WindowShape { max_length: job.params.max_length, stride: job.params.stride };
    let shape = asked.within(config.max_position_embeddings);
    if shape != asked {
        supervisor.log(&format!(
            "warning: the backbone has {} positions: windows of {} pieces that share {} (asked: {} and {})",
            config.max_position_embeddings, shape.max_length, shape.stride, asked.max_length, asked.stride
        ));
    }
    shape
}

pub(crate) fn check_vocabulary(
    dir: &Path,
    pieces: &WordPieces,
    config: &EncoderConfig,
) -> Result<(), BackboneError> {
    if pieces.vocabulary() <= config.vocab_size {
        return Ok(());
    }
    let problem = format!(
        "vocab_size is {}, but the tokenizer beside it has {} pieces",
        config.vocab_size,
        pieces.vocabulary()
    );
    Err(BackboneError::Malformed { path: dir.join("config.json"), problem })
}

fn log_split(name: &str, split: &Windowed, supervisor: &mut dyn Supervisor) {
    let (sentences, windows) = (split.sentences.len(), split.windows.len());
    supervisor.log(&format!("{name}: {sentences} sentences in {windows} windows"));
    if split.windowed_sentences() > 0 {
        supervisor.log(&format!(
            "warning: {} sentences of {name} are longer than a window and were cut into overlapping ones",
            split.windowed_sentences()
        ));
    }
}
