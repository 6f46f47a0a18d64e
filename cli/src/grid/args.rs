//! The grid file, and the flags that win over it.

use std::path::PathBuf;

use anyhow::Context as _;
use pedigree_protocol::grid::GridSpec;
use pedigree_protocol::sweep::{GridFile, GridFlags};

use super::texts::Texts;
use crate::output::Output;
use crate::upload::LocalFile;

/// The file, and what may be said by flag instead of in it.
#[derive(Debug, clap::Args)]
pub(crate) struct GridArgs {
    /// The grid file (YAML or JSON)
    pub(super) file: PathBuf,
    /// Name of the grid; overrides the file
    #[arg(long)]
    name: Option<String>,
    /// Seed of the grid; overrides the file
    #[arg(long)]
    seed: Option<u32>,
}

/// A grid's file with the grid that it asks for.
pub(super) struct Grid {
    pub(super) file: GridFile,
    pub(super) spec: GridSpec,
    /// The texts of its pretrainings, to be uploaded.
    pub(super) texts: Vec<LocalFile>,
}

impl GridArgs {
    /// Reads and checks the file and the texts that it names; its remarks become notes.
    pub(super) fn read(&self, output: Output) -> anyhow::Result<Grid> {
        let name = self.file.display().to_string();
        let text = std::fs::read_to_string(&self.file).with_context(|| {
            format!("cannot read {name}; give a grid file (`pedigree grid schema` says what one holds)")
        })?;
        let file = GridFile::parse(&text, &name)?;
        file.notes().for_each(|note| output.note(&note));
        let flags = GridFlags { name: self.name.clone(), seed: self.seed };
        let mut texts = Texts::beside(&self.file);
        let spec = file.spec(&flags, |pretraining| texts.read(pretraining))?;
        Ok(Grid { file, spec, texts: texts.into_files() })
    }
}
