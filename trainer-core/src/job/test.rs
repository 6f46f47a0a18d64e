//! The job file of a test run.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{InvalidJob, Precision, Setup, file};

/// Scoring trained models on a test split, as read from a JSON job file (`pedigree test JOB.json`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestJob {
    /// The models, all on the job's backbone.
    pub models: Vec<TrainedAdapter>,
    /// The training split: mistakes are counted apart for forms that it holds.
    pub train: PathBuf,
    /// The test split; absent: the trainer says [`crate::TrainerEvent::TestWanted`] when it has read the models, and waits
    /// for the split on its stdin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<PathBuf>,
    /// Entity type given to bare `B` / `I` tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_type: Option<String>,
    /// What every job says. `out` gets `summary.json`, and a folder with `predictions.jsonl` and `errors.json` for each
    /// model.
    #[serde(flatten)]
    pub setup: Setup,
}

/// An adapter with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainedAdapter {
    /// Names its results. A file name.
    pub name: String,
    /// The adapter's folder.
    pub adapter: PathBuf,
}

impl TestJob {
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
        let fault = |key: &str, problem: &str| InvalidJob { key: key.into(), problem: problem.into() };
        if self.models.is_empty() {
            return Err(fault("models", "there is none; name at least one adapter"));
        }
        if self.setup.precision == Precision::Fp16 {
            return Err(fault("precision", "a test run takes auto, bf16 or f32"));
        }
        for (at, model) in self.models.iter().enumerate() {
            let name = Path::new(&model.name);
            let plain = name.file_name().is_some_and(|file| file == name.as_os_str());
            if !plain || self.models[..at].iter().any(|other| other.name == model.name) {
                let problem = format!("{:?} is no file name, or names two models", model.name);
                return Err(fault(&format!("models[{at}].name"), &problem));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(models: &str) -> Result<(), String> {
        let text = format!(r#"{{"models": [{models}], "train": "t", "backbone": "b", "out": "o"}}"#);
        serde_json::from_str::<TestJob>(&text).unwrap().check().map_err(|fault| fault.to_string())
    }

    #[test]
    fn every_model_has_a_name_of_its_own_that_can_be_a_folder() {
        assert_eq!(checked(r#"{"name": "1", "adapter": "a"}, {"name": "2", "adapter": "a"}"#), Ok(()));
        assert!(checked("").unwrap_err().starts_with("models: there is none"));
        let twice = checked(r#"{"name": "1", "adapter": "a"}, {"name": "1", "adapter": "b"}"#);
        assert!(twice.unwrap_err().starts_with("models[1].name"));
        for stray in ["", "..", "a/b", "/a"] {
            let found = checked(&format!(r#"{{"name": "{stray}", "adapter": "a"}}"#));
            assert!(found.unwrap_err().starts_with("models[0].name"), "{stray}");
        }
    }
}
