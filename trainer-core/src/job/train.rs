//! The job file of a training.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Hyperparameters, InvalidJob, Setup, file};

/// One training, as read from a JSON job file (`pedigree train JOB.json`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainJob {
    /// Training split, CoNLL columns.
    pub train: PathBuf,
    /// Development split: early stopping and the objective use it.
    pub dev: PathBuf,
    /// Whether, and when, the test split may be read.
    #[serde(default)]
    pub test: TestAccess,
    /// Adapter of `pedigree dapt` to start from. It is merged into the frozen weights before new branches are put on
    /// them. Absent: the one in `dapt/` of the backbone's folder, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_adapter: Option<PathBuf>,
    /// Entity type given to bare `B` / `I` tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_type: Option<String>,
    /// Column of the words, from 1. Absent: the first one, which then must look like words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_column: Option<usize>,
    /// Column of the tags, from 1. Absent: the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_column: Option<usize>,
    /// The hyperparameters, flat, by the names used in search-space files.
    pub params: Hyperparameters,
    /// The score that early stopping and the objective use.
    #[serde(default)]
    pub objective: ScoringProtocol,
    /// Windows that go through the model at once. The gradient is that of the whole batch.
    #[serde(default)]
    pub micro_batch: MicroBatch,
    /// Bytes that the job may need; absent: what the machine and the process's limits leave. A job that would need more
    /// is refused; with `micro_batch` `auto` it takes smaller parts instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<u64>,
    /// What every job says. `out` gets `adapter/`, `predictions.jsonl` and `summary.json`.
    #[serde(flatten)]
    pub setup: Setup,
}

impl TrainJob {
    /// Reads and checks a job file.
    ///
    /// # Errors
    /// The file's name with the position of a syntax error, an unknown key, or the first value out of bounds.
    pub fn read(path: &Path) -> Result<Self, InvalidJob> {
        file::read(path, Self::check)
    }

    /// Checks every value that has bounds.
    ///
    /// # Errors
    /// The first key out of its bounds.
    pub fn check(&self) -> Result<(), InvalidJob> {
        self.setup.checkpoint.check()?;
        for (key, column) in [("token_column", self.token_column), ("tag_column", self.tag_column)] {
            if column == Some(0) {
                return Err(InvalidJob { key: key.into(), problem: "columns are counted from 1".into() });
            }
        }
        self.params.check()
    }
}

/// How many windows of a batch go through the model at once. A step is always that of the whole batch; only the dropout
/// masks and the last bits of sums depend on the parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MicroBatch {
    /// All of them.
    #[default]
    Whole,
    /// As many as fit into memory: fewer from the start where the estimate says so, and fewer after memory ran out.
    Auto,
    /// At most so many.
    Size(NonZeroUsize),
}

/// How the trainer may reach the test split.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestAccess {
    /// Not at all (trials).
    #[default]
    Never,
    /// A file that may be read once training has ended.
    Path(PathBuf),
}

/// Which entities count: see `score` in the engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoringProtocol {
    /// An entity opens with `B-`; orphan `I-` runs are no entities (seqeval `mode="strict", scheme=IOB2`).
    #[default]
    Strict,
    /// An orphan `I-` or a change of type opens an entity (seqeval's default mode, conlleval).
    Conlleval,
}
