//! Which server to talk to: by flag, by environment, or the `pedigree up` of the data folder.

use std::path::{Path, PathBuf};

use anyhow::Context;
use pedigree_protocol::client::Client;
use serde::Deserialize;

const DEFAULT_SERVER: &str = "http://127.0.0.1:8765";

/// Global flags that name a server.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Connection {
    /// Address of the coordinator [default: the running `pedigree up`'s, else http://127.0.0.1:8765]
    #[arg(long, global = true, env = "PEDIGREE_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Token of the coordinator [default: the running `pedigree up`'s]
    #[arg(long, global = true, env = "PEDIGREE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
}

/// What a running `pedigree up` leaves in its data folder.
#[derive(Debug, Deserialize)]
struct UpRecord {
    url: String,
    token: String,
}

impl Connection {
    /// A client of the server that is meant.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let (server, token) = self.resolve(&data_folder())?;
        Ok(Client::new(&server, token))
    }

    /// Address and token of the server that is meant.
    pub(crate) fn resolve(&self, data_folder: &Path) -> anyhow::Result<(String, Option<String>)> {
        let up = read_record(&data_folder.join("up.json"))?;
        let server = match (&self.server, &up) {
            (Some(server), _) => server.clone(),
            (None, Some(up)) => up.url.clone(),
            (None, None) => DEFAULT_SERVER.to_owned(),
        };
        // A token goes to the server that it was made for, and to no other.
        let token =
            up.filter(|up| up.url.trim_end_matches('/') == server.trim_end_matches('/')).map(|up| up.token);
        Ok((server, self.token.clone().or(token)))
    }
}

fn read_record(path: &Path) -> anyhow::Result<Option<UpRecord>> {
    match std::fs::read(path) {
        Ok(bytes) => {
            let record = serde_json::from_slice(&bytes);
            record.map(Some).with_context(|| format!("{} is not what `pedigree up` writes", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        // Somebody else's `up`: its token is not for this user.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The data folder: `$PEDIGREE_DATA`, else `./.pedigree` where it exists, else the user's own (root: the system's).
pub(crate) fn data_folder() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = variable("PEDIGREE_DATA") {
        return folder;
    }
    let here = PathBuf::from(".pedigree");
    if here.is_dir() {
        return here;
    }
    if nix::unistd::Uid::effective().is_root() {
        return PathBuf::from("/var/lib/pedigree");
    }
    let own = variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/share")));
    own.map_or(here, |folder| folder.join("pedigree"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(up: Option<&str>, server: Option<&str>, token: Option<&str>) -> (String, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        if let Some(up) = up {
            std::fs::write(folder.path().join("up.json"), up).unwrap();
        }
        let connection = Connection { server: server.map(Into::into), token: token.map(Into::into) };
        connection.resolve(folder.path()).unwrap()
    }

    #[test]
    fn flags_win_over_a_running_up_and_it_over_the_default() {
        let up = Some(r#"{"url": "http://127.0.0.1:9", "token": "t", "pid": 1, "processes": {}}"#);
        let text = |s: &str| Some(s.to_owned());
        assert_eq!(resolve(None, None, None), (DEFAULT_SERVER.into(), None));
        assert_eq!(resolve(up, None, None), ("http://127.0.0.1:9".into(), text("t")));
        assert_eq!(resolve(up, Some("http://127.0.0.1:9/"), None).1, text("t"));
        assert_eq!(resolve(up, Some("http://elsewhere:9"), None), ("http://elsewhere:9".into(), None));
        assert_eq!(resolve(up, None, Some("mine")).1, text("mine"));
    }
}
