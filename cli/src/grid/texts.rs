//! What a grid's pretrainings name: texts in files beside the grid's, and parameters that the trainer knows.

use std::path::{Path, PathBuf};

use pedigree_protocol::ParamValues;
use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::grid::GridProblem;
use pedigree_protocol::sweep::{PretrainingFile, PretrainingRead};
use pedigree_trainer_core::DaptParameters;

use crate::upload::LocalFile;

/// The texts read so far. Paths are relative to the folder of the grid's file.
pub(super) struct Texts {
    folder: PathBuf,
    files: Vec<LocalFile>,
}

impl Texts {
    pub(super) fn beside(grid: &Path) -> Self {
        Self { folder: grid.parent().unwrap_or(Path::new("")).to_owned(), files: Vec::new() }
    }

    /// Reads what a pretraining names.
    pub(super) fn read(&mut self, pretraining: &PretrainingFile) -> Result<PretrainingRead, GridProblem> {
        let at =
            |key: &str, message: String| GridProblem { key: format!("{}.{key}", pretraining.key), message };
        Ok(PretrainingRead {
            text: self.text(&pretraining.text).map_err(|message| at("text", message))?,
            held_out: self.text(&pretraining.held_out).map_err(|message| at("held_out", message))?,
            parameters: complete(&pretraining.parameters).map_err(|message| at("parameters", message))?,
        })
    }

    pub(super) fn into_files(self) -> Vec<LocalFile> {
        self.files
    }

    /// The text of that path; each file is read once.
    fn text(&mut self, name: &str) -> Result<ArtifactFile, String> {
        let path = self.folder.join(name);
        if let Some(known) = self.files.iter().find(|local| local.path == path) {
            return Ok(known.file.clone());
        }
        let base = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let base = base.ok_or_else(|| format!("{name} names no file"))?;
        let local = LocalFile::open(path, base).map_err(|error| {
            format!("{error:#}; the path is relative to the grid's file: name a text of one passage a line")
        })?;
        if local.file.bytes == 0 {
            return Err(format!("{name} is empty; give one passage a line"));
        }
        let file = local.file.clone();
        self.files.push(local);
        Ok(file)
    }
}

/// All parameters: the defaults, overridden by the given ones. So the queued job says everything.
fn complete(given: &ParamValues) -> Result<ParamValues, String> {
    let parameters = serde_json::to_value(given).and_then(serde_json::from_value::<DaptParameters>);
    let parameters = parameters.map_err(|error| error.to_string())?;
    parameters.check().map_err(|error| error.to_string())?;
    let all = serde_json::to_value(parameters).and_then(serde_json::from_value::<ParamValues>);
    all.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::grid::GridSpec;
    use pedigree_protocol::sweep::{GridFile, GridFlags};

    use super::*;

    const GRID: &str = "datasets: [d]\nbackbones: [{name: b, pretraining: {text: a.txt, held_out: h.txt}}]\nstudy:\n  \
                        metric: {name: dev_f1, goal: maximize}\n  parameters: {learning_rate: {values: [1e-3]}}\n  trials: 1\n";

    /// The grid of a file in a folder with these texts.
    fn grid(yaml: &str, texts: &[(&str, &str)]) -> Result<GridSpec, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in texts {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut read = Texts::beside(&folder.path().join("g.yaml"));
        let file = GridFile::parse(yaml, "g.yaml").unwrap();
        let spec = file.spec(&GridFlags::default(), |pretraining| read.read(pretraining));
        spec.map_err(|problems| problems.to_string().replace(&folder.path().display().to_string(), "DIR"))
    }

    #[test]
    fn texts_are_known_by_their_content_and_parameters_are_complete() {
        let read = grid(GRID, &[("a.txt", "one\n"), ("h.txt", "two\n")]).unwrap();
        let [dapt] = read.pretrainings().try_into().unwrap();
        assert_eq!((dapt.passages.name.as_str(), dapt.passages.bytes), ("a.txt", 4));
        assert_ne!(dapt.passages.sha256, dapt.held_out.sha256);
        assert_eq!(
            dapt.params["max_length"],
            pedigree_protocol::Scalar::Int(256),
            "the defaults are recorded"
        );
    }

    #[test]
    fn what_cannot_be_read_is_placed_in_the_grid_file() {
        let refused = |yaml: &str, texts: &[(&str, &str)]| grid(yaml, texts).unwrap_err();
        insta::assert_snapshot!(refused(GRID, &[("h.txt", "two\n")]), @"g.yaml:2:37: backbones[0].pretraining.text: cannot read DIR/a.txt: No such file or directory (os error 2); the path is relative to the grid's file: name a text of one passage a line");
        insta::assert_snapshot!(refused(GRID, &[("a.txt", "one\n"), ("h.txt", "")]), @"g.yaml:2:50: backbones[0].pretraining.held_out: h.txt is empty; give one passage a line");
        let wrong = GRID.replace("held_out: h.txt", "held_out: h.txt, parameters: {mask_share: 2}");
        insta::assert_snapshot!(refused(&wrong, &[("a.txt", "one\n"), ("h.txt", "two\n")]), @"g.yaml:2:67: backbones[0].pretraining.parameters: params.mask_share: 2 is not a share; give 0 < value < 1");
        let unknown = GRID.replace("held_out: h.txt", "held_out: h.txt, parameters: {step: 2}");
        let sentence = refused(&unknown, &[("a.txt", "one\n"), ("h.txt", "two\n")]);
        assert!(sentence.contains("pretraining.parameters: unknown field `step`"), "{sentence}");
    }
}
