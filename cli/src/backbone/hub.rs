//! Backbones of the Hugging Face hub, fetched into its usual local cache.

use anyhow::{Context, anyhow, bail};
use hf_hub::api::sync::{ApiBuilder, ApiError};
use hf_hub::{Repo, RepoType};
use pedigree_protocol::client::proxy_of;
use pedigree_trainer_core::backbone::{WEIGHTS_FILES, shards};

use super::files::{Located, other_files};

/// A model of the hub at a revision.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference {
    model: String,
    revision: String,
}

impl Reference {
    /// Reads `ORG/NAME` or `ORG/NAME@REVISION`.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let (model, revision) = text.split_once('@').unwrap_or((text, "main"));
        let parts: Vec<_> = model.split('/').collect();
        if parts.len() != 2 || parts.iter().any(|part| part.is_empty()) || revision.is_empty() {
            bail!("hf:{text} is not a model; write hf:ORG/NAME or hf:ORG/NAME@REVISION");
        }
        Ok(Self { model: model.to_owned(), revision: revision.to_owned() })
    }
}

/// The proxy on the way to the hub, for a sentence.
fn through() -> String {
    let endpoint = std::env::var("HF_ENDPOINT").unwrap_or_else(|_| "https://huggingface.co".to_owned());
    proxy_of(&endpoint).map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"))
}

/// Fetches the files that training reads. The recorded revision is the commit that was found.
pub(super) fn fetch(reference: &Reference) -> anyhow::Result<Located> {
    let api = ApiBuilder::from_env().with_progress(false).build().context("cannot use the hub's cache")?;
    let Reference { model, revision } = reference;
    // The hub's errors already contain their causes.
    let unreachable = |error: ApiError| {
        anyhow!(
            "cannot fetch {model}@{revision} from the Hugging Face hub{} ({error}); if this machine cannot reach it, give a folder \
             that holds config.json, weights and the tokenizer's files",
            through()
        )
    };
    let named = Repo::with_revision(model.clone(), RepoType::Model, revision.clone());
    let info = api.repo(named).info().map_err(unreachable)?;
    let commit = info.sha;
    let repo = api.repo(Repo::with_revision(model.clone(), RepoType::Model, commit.clone()));
    let offered = |name: &str| info.siblings.iter().any(|file| file.rfilename == name);
    let Some(weights) = WEIGHTS_FILES.into_iter().find(|name| offered(name)) else {
        bail!(
            "{model}@{revision} has no {}; convert its weights and give the folder",
            WEIGHTS_FILES.join(" or ")
        );
    };
    let mut folder = None;
    for name in other_files().filter(|name| offered(name)).chain([weights]) {
        let path = repo.get(name).map_err(unreachable)?;
        folder = path.parent().map(ToOwned::to_owned);
    }
    if weights.ends_with(".json") {
        let index = repo.get(weights).map_err(unreachable)?;
        for shard in shards(&index, &std::fs::read(&index)?)? {
            repo.get(&shard).map_err(unreachable)?;
        }
    }
    let folder = folder.with_context(|| format!("{model}@{revision} holds no file that training reads"))?;
    Ok(Located { folder, source: format!("hf:{model}"), revision: Some(commit) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_name_a_model_and_a_revision() {
        let read = |text: &str| Reference::parse(text).map(|r| (r.model, r.revision)).ok();
        assert_eq!(read("org/name"), Some(("org/name".into(), "main".into())));
        assert_eq!(read("org/name@v1"), Some(("org/name".into(), "v1".into())));
        for bad in ["name", "a/b/c", "/b", "a/b@"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
