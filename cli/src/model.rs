//! The model that `--adapter` and `--backbone` mean: folders, or a run's adapter and a registered backbone.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::client::Client;
use pedigree_protocol::run::AttemptState;
use pedigree_protocol::run_detail::RunDetail;
use pedigree_trainer_core::inference::base_model;

use crate::connection::Connection;
use crate::fetch;
use crate::trial::Which;

#[derive(Debug, clap::Args)]
pub(crate) struct ModelArgs {
    /// Folder of the adapter, or STUDY/NUMBER or STUDY/final for a run's adapter on the server
    #[arg(long, value_name = "ADAPTER")]
    adapter: String,
    /// Folder of the backbone, or the name of a registered one [default: the backbone that the adapter or its study
    /// names]
    #[arg(long, value_name = "BACKBONE")]
    backbone: Option<String>,
}

/// Both folders, with the names to show.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) adapter: PathBuf,
    pub(crate) backbone_name: String,
    pub(crate) backbone: PathBuf,
}

impl ModelArgs {
    /// Finds both folders, fetching what is on the server.
    pub(crate) async fn find(&self, connection: &Connection) -> anyhow::Result<Model> {
        let path = Path::new(&self.adapter);
        if path.is_dir() {
            let named = match &self.backbone {
                Some(backbone) => backbone.clone(),
                None => named_by(path)?,
            };
            let backbone = backbone(&named, connection).await?;
            return Ok(Model {
                name: self.adapter.clone(),
                adapter: path.to_owned(),
                backbone_name: named,
                backbone,
            });
        }
        let Some((study, which)) = self.adapter.rsplit_once('/') else {
            bail!("--adapter {}: no such folder; give one, or STUDY/NUMBER or STUDY/final", self.adapter);
        };
        let which = Which::parse(which).ok().with_context(|| {
            format!(
                "--adapter {}: there is no such folder, and it does not end in /NUMBER or /final",
                self.adapter
            )
        })?;
        self.of_run(study, which, connection).await
    }

    async fn of_run(&self, study: &str, which: Which, connection: &Connection) -> anyhow::Result<Model> {
        let client = connection.client()?;
        let run = which.find(study, &client).await?;
        let files = adapter_files(&client.run(run.id).await?);
        if files.is_empty() {
            bail!("{} has no adapter; only a completed run has one", self.adapter);
        }
        let backbone_name = match &self.backbone {
            Some(backbone) => backbone.clone(),
            None => client.study(study).await?.spec.backbone,
        };
        let backbone = backbone(&backbone_name, connection).await?;
        let adapter = fetch::folder(&client, &files).await?;
        Ok(Model { name: format!("run {}", self.adapter), adapter, backbone_name, backbone })
    }
}

/// The folder of the adapter's backbone. A relative name is looked up from here, then from the adapter.
fn named_by(adapter: &Path) -> anyhow::Result<String> {
    let Some(named) = base_model(adapter)? else {
        bail!("{} names no backbone; give it with --backbone", adapter.display());
    };
    let candidates = [PathBuf::from(&named), adapter.join(&named)];
    match candidates.into_iter().find(|folder| folder.is_dir()) {
        Some(folder) => Ok(folder.display().to_string()),
        None => bail!(
            "{} was trained on the backbone {named}, which is not a folder here; give it with --backbone",
            adapter.display()
        ),
    }
}

async fn backbone(named: &str, connection: &Connection) -> anyhow::Result<PathBuf> {
    let path = Path::new(named);
    if path.is_dir() {
        return Ok(path.to_owned());
    }
    if named.contains(std::path::MAIN_SEPARATOR) {
        bail!("--backbone {named}: no such folder");
    }
    let client: Client = connection.client()?;
    let answer = client.backbone(named).await;
    let registered =
        answer.with_context(|| format!("{named} is neither a folder nor a registered backbone"))?;
    fetch::folder(&client, &registered.spec.files).await
}

/// The adapter's files of the attempt that completed, by their names inside the adapter's folder.
fn adapter_files(detail: &RunDetail) -> Vec<ArtifactFile> {
    let completed = detail.attempts.iter().filter(|attempt| attempt.state == AttemptState::Completed);
    let files = completed.flat_map(|attempt| &attempt.artifacts);
    let inside = files.filter_map(|file| {
        let name = file.name.strip_prefix("adapter/")?.to_owned();
        Some(ArtifactFile { name, ..file.clone() })
    });
    inside.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(adapter: &Path, backbone: Option<&str>) -> String {
        let adapter = adapter.display().to_string();
        let args = ModelArgs { adapter, backbone: backbone.map(String::from) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(args.find(&Connection::default())).unwrap_err();
        format!("{error:#}")
    }

    #[test]
    fn what_is_missing_is_named_with_the_flag_that_helps() {
        assert!(
            refusal(Path::new("nowhere"), None)
                .contains("--adapter nowhere: no such folder; give one, or STUDY/")
        );
        assert!(refusal(Path::new("no/where"), None).contains("it does not end in /NUMBER or /final"));
        let folder = tempfile::tempdir().unwrap();
        assert!(refusal(folder.path(), None).contains("adapter_config.json: cannot be read"));
        let config = r#"{"peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_modules": ["query", "value"],
            "base_model_name_or_path": "elsewhere/bert"}"#;
        std::fs::write(folder.path().join("adapter_config.json"), config).unwrap();
        assert!(refusal(folder.path(), None).contains("backbone elsewhere/bert, which is not a folder here"));
        assert!(refusal(folder.path(), Some("no/where")).contains("--backbone no/where: no such folder"));
    }
}
