//! A grid's file that has been read, and the grid that it asks for.

use super::super::problem::{Problem, Problems};
use super::places::Places;
use crate::artifact::ArtifactFile;
use crate::grid::{GridProblem, GridSpec};
use crate::params::ParamValues;

/// A grid's file. The texts of its pretrainings are still only named.
#[derive(Debug, Clone, PartialEq)]
pub struct GridFile {
    pub(super) file_name: String,
    pub(super) draft: GridSpec,
    pub(super) pretrainings: Vec<PretrainingFile>,
    pub(super) places: Places,
    pub(super) notes: Vec<Problem>,
}

/// A pretraining as the file names it.
#[derive(Debug, Clone, PartialEq)]
pub struct PretrainingFile {
    /// Place of its backbone in the list.
    pub(super) backbone: usize,
    /// Its key, such as `backbones[0].pretraining`.
    pub key: String,
    /// Path of the text to train on, relative to the grid's file.
    pub text: String,
    /// Path of the text to measure on, relative to the grid's file.
    pub held_out: String,
    /// Its parameters as they are written.
    pub parameters: ParamValues,
}

/// What a pretraining names, read.
#[derive(Debug, Clone, PartialEq)]
pub struct PretrainingRead {
    /// Text to train on.
    pub text: ArtifactFile,
    /// Text to measure on.
    pub held_out: ArtifactFile,
    /// The parameters, complete.
    pub parameters: ParamValues,
}

/// What flags say in place of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GridFlags {
    /// `--name`
    pub name: Option<String>,
    /// `--seed`
    pub seed: Option<u32>,
}

impl GridFile {
    /// The grid that the file and the flags ask for. `read` reads what a pretraining names, or says what is wrong at which
    /// key.
    ///
    /// # Errors
    /// Everything that makes no sense, each with its place.
    pub fn spec(
        &self,
        flags: &GridFlags,
        mut read: impl FnMut(&PretrainingFile) -> Result<PretrainingRead, GridProblem>,
    ) -> Result<GridSpec, Problems> {
        let mut spec = self.draft.clone();
        spec.name = flags.name.clone().unwrap_or(spec.name);
        spec.seed = flags.seed.unwrap_or(spec.seed);
        let mut problems = Vec::new();
        for file in &self.pretrainings {
            let pretraining = spec.backbones.get_mut(file.backbone).and_then(|b| b.pretraining.as_mut());
            match (pretraining, read(file)) {
                (Some(pretraining), Ok(read)) => {
                    pretraining.text = Some(read.text);
                    pretraining.held_out = Some(read.held_out);
                    pretraining.parameters = read.parameters;
                }
                (None, Ok(_)) => {}
                (_, Err(problem)) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            problems = spec.check();
        }
        if problems.is_empty() { Ok(spec) } else { Err(self.placed(problems)) }
    }

    /// Problems with the grid, placed where their keys stand in the file.
    pub fn placed(&self, problems: Vec<GridProblem>) -> Problems {
        let placed = problems
            .into_iter()
            .map(|problem| Problem::at(self.places.find(&problem.key), problem.key, problem.message));
        Problems::new(&self.file_name, placed.collect())
    }

    /// Remarks that are no problems, such as names of other tools and what they were read as.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        self.notes.iter().map(|note| note.line(&self.file_name))
    }
}
