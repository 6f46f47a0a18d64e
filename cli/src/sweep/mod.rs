//! `pedigree sweep`: from a search-space file to a finished study.

#[cfg(test)]
mod parameters;
mod run;
mod validate;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use pedigree_protocol::client::{Client, ClientError};
use pedigree_protocol::study::StudySpec;
use pedigree_protocol::sweep::{self, Overrides, SweepFile};

use crate::connection::Connection;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum SweepCommand {
    /// Check a search-space file
    Validate(SweepArgs),
    /// Print the JSON Schema of search-space files, for editors
    Schema,
    /// Create the study that a file asks for, and follow it to its end
    Run(run::RunArgs),
}

/// The file, and what may be said by flag instead of in it.
#[derive(Debug, clap::Args)]
pub(crate) struct SweepArgs {
    /// The search-space file (YAML or JSON)
    file: PathBuf,
    /// Registered dataset; wins over the file's
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Registered backbone; wins over the file's
    #[arg(long, value_name = "NAME")]
    backbone: Option<String>,
    /// Name of the study; wins over the file's
    #[arg(long)]
    name: Option<String>,
    /// Seed of the study; wins over the file's
    #[arg(long)]
    seed: Option<u32>,
    /// Trials in total; wins over the file's
    #[arg(long, value_name = "N")]
    trials: Option<u32>,
}

pub(crate) async fn run(
    command: SweepCommand,
    connection: &Connection,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match command {
        SweepCommand::Validate(args) => validate::run(&args, connection, output).await?,
        SweepCommand::Schema => {
            let schema = sweep::schema();
            output.document(&schema, |screen| writeln!(screen, "{schema:#}"))?;
        }
        SweepCommand::Run(args) => return run::run(&args, connection, output).await,
    }
    Ok(ExitCode::SUCCESS)
}

impl SweepArgs {
    fn overrides(&self) -> Overrides {
        Overrides {
            name: self.name.clone(),
            dataset: self.dataset.clone(),
            backbone: self.backbone.clone(),
            seed: self.seed,
            trials: self.trials,
        }
    }

    /// Reads and checks the file; its remarks become notes.
    fn read(&self, output: Output) -> anyhow::Result<SweepFile> {
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

/// Asks the server whether it knows the dataset and the backbone.
async fn check_names(
    client: &Client,
    file: &SweepFile,
    spec: &StudySpec,
    overrides: &Overrides,
) -> anyhow::Result<Result<(), sweep::Problems>> {
    let datasets = client.datasets().await?.into_iter().map(|d| d.spec.name);
    if let Some(message) = unknown("dataset", "data", &spec.dataset, datasets.collect()) {
        return Ok(Err(file.dataset_problem(overrides, message)));
    }
    let backbones = client.backbones().await?.into_iter().map(|b| b.spec.name);
    if let Some(message) = unknown("backbone", "backbone", &spec.backbone, backbones.collect()) {
        return Ok(Err(file.backbone_problem(overrides, message)));
    }
    Ok(Ok(()))
}

fn unknown(noun: &str, command: &str, name: &str, known: Vec<String>) -> Option<String> {
    if known.iter().any(|k| k == name) {
        return None;
    }
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Some(format!("no {noun} {name:?} is registered; known: {known}; register it by pedigree {command} add"))
}

/// Whether nobody listens there, as opposed to a server that refuses.
fn is_absent(error: &anyhow::Error) -> bool {
    error.downcast_ref::<ClientError>().is_some_and(|e| matches!(e, ClientError::Unreachable { .. }))
}

/// The file's name for a person's shell.
fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        assert_eq!(unknown("dataset", "data", "a", vec!["a".into()]), None);
        insta::assert_snapshot!(unknown("dataset", "data", "x", vec!["a".into(), "b".into()]).unwrap(), @r#"no dataset "x" is registered; known: a, b; register it by pedigree data add"#);
        insta::assert_snapshot!(unknown("backbone", "backbone", "x", vec![]).unwrap(), @r#"no backbone "x" is registered; known: none; register it by pedigree backbone add"#);
    }
}
