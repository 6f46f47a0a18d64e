//! The search-space file, and the flags that win over it.

use std::path::PathBuf;

use anyhow::Context;
use pedigree_protocol::sweep::{Overrides, SweepFile};

use crate::output::Output;

/// The file, and what may be said by flag instead of in it.
#[derive(Debug, clap::Args)]
pub(crate) struct SweepArgs {
    /// The search-space file (YAML or JSON)
    pub(super) file: PathBuf,
    /// Name of a registered dataset; overrides the file
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Name of a registered backbone; overrides the file
    #[arg(long, value_name = "NAME")]
    backbone: Option<String>,
    /// Name of the study; overrides the file
    #[arg(long)]
    name: Option<String>,
    /// Seed of the study; overrides the file
    #[arg(long)]
    seed: Option<u32>,
    /// Total number of trials; overrides the file
    #[arg(long, value_name = "N")]
    pub(super) trials: Option<u32>,
}

impl SweepArgs {
    pub(super) fn overrides(&self) -> Overrides {
        Overrides {
            name: self.name.clone(),
            dataset: self.dataset.clone(),
            backbone: self.backbone.clone(),
            seed: self.seed,
            trials: self.trials,
        }
    }

    /// Reads and checks the file; its remarks become notes.
    pub(super) fn read(&self, output: Output) -> anyhow::Result<SweepFile> {
        let name = self.file.display().to_string();
        let text = std::fs::read_to_string(&self.file).with_context(|| {
            format!(
                "cannot read {name}; give a search-space file (`pedigree sweep schema` says what one holds)"
            )
        })?;
        let file = SweepFile::parse(&text, &name)?;
        file.notes().for_each(|note| output.note(&note));
        Ok(file)
    }
}
