//! A job's inputs, read and checked.

use std::path::Path;

use super::memory_plan::parts;
use super::splits::Windowed;
use crate::adapter::StartAdapter;
use crate::backbone::pieces::WordPieces;
use crate::backbone::{EncoderConfig, Weights};
use crate::corpus::windows::WindowShape;
use crate::corpus::{LabelSet, ReadOptions, Sentence, Split, has_entities, read, read_foreign};
use crate::memory::Sizes;
use crate::model::{LoraShape, Tagger};
use crate::rng::Seeds;
use crate::step::Parts;
use crate::{Hyperparameters, InvalidJob, Supervisor, TrainError, TrainJob};

/// Everything that a training needs in memory.
pub(super) struct Loaded {
    pub(super) labels: LabelSet,
    pub(super) train: Windowed,
    pub(super) dev: Windowed,
    pub(super) tagger: Tagger,
    /// The adapter that is merged into its weights.
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
        let options = ReadOptions {
            entity_type: job.entity_type.clone(),
            token_column: job.token_column,
            tag_column: job.tag_column,
        };
        let (train, dev) = (read_foreign(&job.train, &options)?, read_foreign(&job.dev, &options)?);
        for (name, split) in [("train", &train), ("dev", &dev)] {
            warn_of(name, split, supervisor);
        }
        let labels = LabelSet::of(&train, &dev)?;
        let backbone = &job.setup.backbone;
        let config = EncoderConfig::read(backbone)?;
        let pieces = WordPieces::open(backbone)?;
        pieces.check(backbone, &config)?;
        if let Some(warning) = pieces.warning() {
            supervisor.log(&format!("warning: {warning}"));
        }
        let shape = window_shape(job, &config, supervisor);
        let windowed = |split, sentences| Windowed::new(split, sentences, &labels, &pieces, shape);
        let Hyperparameters { max_train_sentences, max_dev_sentences, .. } = job.params;
        let train = first("max_train_sentences", train.sentences, max_train_sentences)?;
        let dev = first("max_dev_sentences", dev.sentences, max_dev_sentences)?;
        let (train, dev) = (windowed("train", train)?, windowed("dev", dev)?);
        for (name, split) in [("train", &train), ("dev", &dev)] {
            log_split(name, split, supervisor);
        }
        let lora = LoraShape::of(&job.params);
        let compute = crate::device::of_job(&job.setup)?;
        let parts = parts(job, Sizes::of(&config, lora, &compute), &train.lengths(), &compute)?;
        let mut weights = Weights::open(backbone, config.family)?;
        let start = StartAdapter::of_job(job)?;
        if let Some(start) = &start {
            start.merge_into(&mut weights, &config)?;
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

/// The first sentences of a split that has entities. `key` of the job limits them.
///
/// # Errors
/// None of them has an entity.
fn first(key: &str, mut sentences: Vec<Sentence>, limit: Option<usize>) -> Result<Vec<Sentence>, InvalidJob> {
    let Some(limit) = limit else { return Ok(sentences) };
    let needed = sentences.iter().position(|sentence| has_entities(std::slice::from_ref(sentence)));
    sentences.truncate(limit);
    match needed {
        Some(at) if at >= limit => Err(InvalidJob {
            key: format!("params.{key}"),
            problem: format!(
                "none of the first {limit} sentences holds an entity, so that nothing could be learned or measured; give at \
                 least {}, or shuffle the sentences",
                at + 1
            ),
        }),
        _ => Ok(sentences),
    }
}

/// The job's windows, smaller where the backbone has too few positions.
fn window_shape(job: &TrainJob, config: &EncoderConfig, supervisor: &mut dyn Supervisor) -> WindowShape {
    let asked = WindowShape { max_length: job.params.max_length, stride: job.params.stride };
    let shape = asked.within(config.longest_input());
    if shape != asked {
        supervisor.log(&format!(
            "warning: the backbone has {} positions: windows of {} pieces that share {} (asked: {} and {})",
            config.longest_input(),
            shape.max_length,
            shape.stride,
            asked.max_length,
            asked.stride
        ));
    }
    shape
}

/// What a split shows that is seldom meant. Whoever registered the dataset may have meant it.
fn warn_of(name: &str, split: &Split, supervisor: &mut dyn Supervisor) {
    if let Some(found) = split.instead_of_words() {
        supervisor.log(&format!("warning: the words of {name} are {found}; is their column right?"));
    }
    if split.is_unseparated() {
        supervisor
            .log(&format!("warning: {name} has no blank line between sentences: all of it is one sentence"));
    }
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
