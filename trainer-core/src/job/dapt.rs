//! The job file of a domain-adaptive pretraining.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{DaptParameters, InvalidJob, Precision, Setup, file};

/// One domain-adaptive pretraining, as read from a JSON job file (`pedigree dapt JOB.json`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaptJob {
    /// Text to train on: one passage a line.
    pub passages: PathBuf,
    /// Text to measure on before and after: one passage a line, from other documents.
    pub held_out: PathBuf,
    /// The parameters.
    #[serde(default)]
    pub params: DaptParameters,
    /// What every job says. `out` gets `adapter/` and `summary.json`; `precision` may not be `fp16`.
    #[serde(flatten)]
    pub setup: Setup,
}

impl DaptJob {
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
        if self.setup.precision == Precision::Fp16 {
            let problem = "fp16 needs a scaled loss, which pretraining does not have; give bf16 or f32";
            return Err(InvalidJob { key: "precision".into(), problem: problem.into() });
        }
        self.params.check()
    }
}
