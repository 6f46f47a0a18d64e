//! The adapter of domain-adaptive pretraining that a fine-tuning starts from. It is merged into the frozen weights before
//! new branches are put on them, and copied into the trained adapter's folder, so that the folder says what to load.

use std::io;
use std::path::{Path, PathBuf};

use super::files::{CONFIG, WEIGHTS};
use super::saved::SavedAdapter;
use crate::TrainJob;
use crate::backbone::{BackboneError, EncoderConfig, START, Weights};

/// An adapter without a classifier, read and checked.
#[derive(Debug)]
pub(crate) struct StartAdapter {
    dir: PathBuf,
    saved: SavedAdapter,
}

impl StartAdapter {
    /// The start adapter of a job: the one that it names, or else the one in its backbone's folder.
    ///
    /// # Errors
    /// The folder is not such an adapter.
    pub(crate) fn of_job(job: &TrainJob) -> Result<Option<Self>, BackboneError> {
        match &job.start_adapter {
            Some(dir) => Self::open(dir).map(Some),
            None => Self::beside(&job.setup.backbone),
        }
    }

    /// The start adapter in the folder of a backbone or of a trained adapter, if there is one.
    ///
    /// # Errors
    /// As [`Self::of_job`].
    pub(crate) fn beside(folder: &Path) -> Result<Option<Self>, BackboneError> {
        let dir = folder.join(START);
        if dir.join(CONFIG).is_file() { Self::open(&dir).map(Some) } else { Ok(None) }
    }

    fn open(dir: &Path) -> Result<Self, BackboneError> {
        let saved = SavedAdapter::open(dir)?;
        if saved.classifier().is_some() {
            let problem =
                "has a classifier: a fine-tuning starts from an adapter of `pedigree dapt`, which has none";
            return Err(BackboneError::Malformed { path: dir.join(WEIGHTS), problem: problem.into() });
        }
        Ok(Self { dir: dir.to_owned(), saved })
    }

    /// Adds it to the weights.
    ///
    /// # Errors
    /// An adapter of another backbone.
    pub(crate) fn merge_into(
        &self,
        weights: &mut Weights,
        backbone: &EncoderConfig,
    ) -> Result<(), BackboneError> {
        self.saved.merge_into(weights, backbone)
    }

    /// Copies it into the folder of a trained adapter.
    ///
    /// # Errors
    /// What the file system said.
    pub(crate) fn carry_along(&self, adapter: &Path) -> io::Result<()> {
        let to = adapter.join(START);
        std::fs::create_dir_all(&to)?;
        [CONFIG, WEIGHTS]
            .iter()
            .try_for_each(|name| std::fs::copy(self.dir.join(name), to.join(name)).map(drop))
    }

    /// The files that decide what it computes.
    pub(crate) fn files(&self) -> [PathBuf; 2] {
        [CONFIG, WEIGHTS].map(|name| self.dir.join(name))
    }
}

/// Checks that a fine-tuning on `backbone` can start from `adapter`. Returns the adapter's files by their names in a
/// backbone's folder.
///
/// # Errors
/// The folder is not an adapter without a classifier, or the adapter is of another backbone.
pub fn check_start(adapter: &Path, backbone: &Path) -> Result<Vec<(String, PathBuf)>, BackboneError> {
    let config = EncoderConfig::read(backbone)?;
    let mut weights = Weights::open(backbone, config.family)?;
    let start = StartAdapter::open(adapter)?;
    start.merge_into(&mut weights, &config)?;
    Ok([CONFIG, WEIGHTS]
        .iter()
        .zip(start.files())
        .map(|(name, path)| (format!("{START}/{name}"), path))
        .collect())
}
