//! Backbones of the Hugging Face hub, fetched into its usual local cache.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

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

/// Where the hub is.
fn endpoint() -> String {
    std::env::var("HF_ENDPOINT").unwrap_or_else(|_| "https://huggingface.co".to_owned())
}

/// The proxy on the way to the hub, for a sentence.
fn through() -> String {
    proxy_of(&endpoint()).map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"))
}

/// The hub's client reads the variables of proxies by rules of its own, and would ask for this machine itself through one.
/// Where no proxy is meant for the hub, this program is started again with the hub among the exceptions.
///
/// # Errors
/// It cannot be started.
pub(super) fn keep_from_proxies() -> anyhow::Result<()> {
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let endpoint = endpoint();
    let Some(exceptions) = exceptions_with(&endpoint, proxy_of(&endpoint).is_some(), environment) else {
        return Ok(());
    };
    let mut again = Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1));
    again.env("NO_PROXY", &exceptions).env("no_proxy", &exceptions);
    Err(again.exec()).context("cannot keep the hub's client from a proxy")
}

/// The exceptions from proxies with the hub's host among them; `None` where nothing has to change.
fn exceptions_with(
    endpoint: &str,
    is_proxied: bool,
    environment: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    const PROXIES: [&str; 6] =
        ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    if is_proxied || !PROXIES.into_iter().any(|name| environment(name).is_some()) {
        return None;
    }
    let host = reqwest::Url::parse(endpoint).ok()?.host_str()?.to_owned();
    // Of the two variables the first is the one that the hub's client reads.
    let lists = ["NO_PROXY", "no_proxy"].map(&environment);
    let is_known = |list: &String| list.split(',').any(|name| name.trim() == host);
    if lists.iter().flatten().next().is_some_and(is_known) {
        return None;
    }
    Some(lists.into_iter().flatten().chain([host]).collect::<Vec<_>>().join(","))
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

    #[test]
    fn the_hub_is_an_exception_where_no_proxy_is_meant_for_it() {
        let of = |endpoint: &str, is_proxied: bool, variables: &[(&str, &str)]| {
            exceptions_with(endpoint, is_proxied, |name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let proxy = ("http_proxy", "http://proxy:3128");
        let mirror = "http://127.0.0.1:8090";
        assert_eq!(of(mirror, false, &[]), None, "there is no proxy");
        assert_eq!(of(mirror, false, &[proxy]).as_deref(), Some("127.0.0.1"));
        assert_eq!(of("http://[::1]:1", false, &[proxy]).as_deref(), Some("[::1]"));
        let within = [proxy, ("no_proxy", "lab.example,10.0.0.0/8")];
        assert_eq!(of("http://10.1.2.3", false, &within).as_deref(), Some("lab.example,10.0.0.0/8,10.1.2.3"));
        assert_eq!(of(mirror, false, &[proxy, ("NO_PROXY", "lab, 127.0.0.1")]), None, "it knows already");
        assert_eq!(of("https://huggingface.co", true, &[proxy]), None, "it is asked through the proxy");
    }
}
