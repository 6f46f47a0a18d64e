//! `pedigree backbone add`: from a folder, from the Hugging Face hub, or from a pretraining that has ended.

use std::path::{Path, PathBuf};

use anyhow::Context;
use pedigree_protocol::backbone::{AdaptedName, BackboneShape, BackboneSpec, StartAdapter, listing};
use pedigree_protocol::client::Client;
use pedigree_trainer_core::backbone::{LAYERS_OF_SOURCE, inspect, weights_files, write_first_layers};
use pedigree_trainer_core::check_start;
use serde_json::Value;
use tempfile::TempDir;

use super::files::{Located, other_files};
use super::hub;
use super::show::write_backbone;
use crate::connection::Connection;
use crate::output::Output;
use crate::upload::{self, LocalFile};

#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// Name of the backbone: letters, digits, '.', '_' and '-'
    name: String,
    /// Folder of the backbone, or hf:ORG/NAME or hf:ORG/NAME@REVISION on the Hugging Face hub
    #[arg(required_unless_present = "dapt")]
    source: Option<String>,
    /// Folder of an adapter that `pedigree dapt` made on this backbone; fine-tuning starts from it
    #[arg(long, value_name = "DIR")]
    adapter: Option<PathBuf>,
    /// Register only the first N layers, without heads, as a backbone of its own
    #[arg(long, value_name = "N")]
    layers: Option<usize>,
    /// Name of a completed pretraining, in place of SOURCE: registers its backbone with its adapter, from files that the
    /// coordinator has
    #[arg(long, value_name = "NAME", conflicts_with_all = ["source", "adapter", "layers"])]
    dapt: Option<String>,
}

pub(super) async fn run(args: AddArgs, connection: &Connection, output: Output) -> anyhow::Result<()> {
    let client = connection.client()?;
    let backbone = match (args.source, args.dapt) {
        (Some(source), _) => {
            let whole = locate(&source, output).await?;
            let cut = args.layers.map(|layers| first_layers(&whole.folder, layers)).transpose()?;
            let folder = cut.as_ref().map_or_else(|| whole.folder.clone(), |cut| cut.path().to_owned());
            let located = Located { folder, ..whole };
            let spec = upload_files(&client, args.name, located, args.adapter.as_deref(), output).await?;
            client.add_backbone(&spec).await?
        }
        (None, Some(dapt)) => client.register_adapted(&dapt, &AdaptedName { name: args.name }).await?,
        (None, None) => anyhow::bail!("give a SOURCE, or --dapt NAME"),
    };
    output.document(&backbone, |screen| write_backbone(screen, &backbone))
}

async fn upload_files(
    client: &Client,
    name: String,
    Located { folder, source, revision }: Located,
    adapter: Option<&Path>,
    output: Output,
) -> anyhow::Result<BackboneSpec> {
    let shape = inspect(&folder)?;
    if let Some(warning) = &shape.warning {
        output.note(&format!("warning: {warning}"));
    }
    let config = config(&folder)?;
    let mut files = local_files(&folder)?;
    let start = adapter.map(|adapter| start_files(adapter, &folder)).transpose()?;
    let start_adapter =
        adapter.zip(start.as_deref()).map(|(folder, files)| start_adapter(folder, files)).transpose()?;
    files.extend(start.into_iter().flatten());
    upload::files(client, &files).await?;
    Ok(BackboneSpec {
        name,
        family: shape.family,
        source,
        revision,
        shape: BackboneShape {
            hidden: u64::try_from(shape.hidden)?,
            layers: u64::try_from(shape.layers)?,
            heads: u64::try_from(shape.heads)?,
            intermediate: u64::try_from(shape.intermediate)?,
            vocab: u64::try_from(shape.vocab)?,
            max_positions: u64::try_from(shape.max_positions)?,
            parameters: shape.parameters,
        },
        layers_of_source: config[LAYERS_OF_SOURCE].as_u64(),
        random_weights: config["pedigree_random_weights"] == true,
        start_adapter,
        sha256: upload::hash(listing(files.iter().map(|local| &local.file)).as_bytes())?,
        files: files.into_iter().map(|local| local.file).collect(),
    })
}

async fn locate(source: &str, output: Output) -> anyhow::Result<Located> {
    if let Some(model) = source.strip_prefix("hf:") {
        let reference = hub::Reference::parse(model)?;
        hub::keep_from_proxies()?;
        output.note(&format!("fetching {model} from the Hugging Face hub"));
        return tokio::task::spawn_blocking(move || hub::fetch(&reference)).await?;
    }
    let folder = PathBuf::from(source);
    if !folder.is_dir() {
        anyhow::bail!("there is no folder {source}; for a model of the Hugging Face hub write hf:ORG/NAME");
    }
    Ok(Located { folder, source: source.to_owned(), revision: None })
}

fn local_files(folder: &Path) -> anyhow::Result<Vec<LocalFile>> {
    let others = other_files().filter(|name| folder.join(name).is_file()).map(String::from);
    let files = weights_files(folder)?.into_iter().chain(others);
    files.map(|name| LocalFile::open(folder.join(&name), name)).collect()
}

/// Checks the adapter against the backbone; returns its files by their names in the backbone's folder.
fn start_files(adapter: &Path, backbone: &Path) -> anyhow::Result<Vec<LocalFile>> {
    let files = check_start(adapter, backbone)?;
    files.into_iter().map(|(name, path)| LocalFile::open(path, name)).collect()
}

fn start_adapter(folder: &Path, files: &[LocalFile]) -> anyhow::Result<StartAdapter> {
    let sha256 = upload::hash(listing(files.iter().map(|local| &local.file)).as_bytes())?;
    Ok(StartAdapter { source: folder.display().to_string(), sha256 })
}

/// What `config.json` says.
fn config(folder: &Path) -> anyhow::Result<Value> {
    let path = folder.join("config.json");
    let config = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(serde_json::from_slice(&config)?)
}

/// A folder with the first layers of a backbone.
fn first_layers(backbone: &Path, layers: usize) -> anyhow::Result<TempDir> {
    let folder = TempDir::with_prefix("pedigree-layers-").context("cannot make a temporary folder")?;
    write_first_layers(backbone, layers, folder.path())?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_coordinator_and_the_trainer_look_for_a_start_adapter_in_one_folder() {
        assert_eq!(pedigree_protocol::backbone::START_FOLDER, pedigree_trainer_core::backbone::START);
    }
}
