//! Which server to talk to: by flag, by environment, or the `pedigree up` of the data folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use pedigree_protocol::access::Secret;
use pedigree_protocol::client::Client;
use serde::Deserialize;

/// How long to wait for a coordinator whose `up` is alive: `up` restarts a coordinator that ended.
const RESTART: Duration = Duration::from_secs(10);
const DEFAULT_SERVER: &str = "http://127.0.0.1:8765";

/// Global flags that name a server.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Connection {
    /// Address of the coordinator [default: that of the running `pedigree up`, else http://127.0.0.1:8765]
    #[arg(long, global = true, help_heading = "Global options", env = "PEDIGREE_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Access token for the coordinator [default: that of the running `pedigree up`]
    #[arg(
        long,
        global = true,
        help_heading = "Global options",
        env = "PEDIGREE_TOKEN",
        hide_env_values = true
    )]
    pub(crate) token: Option<Secret>,
}

/// What a running `pedigree up` leaves in its data folder.
#[derive(Debug, Deserialize)]
struct UpRecord {
    url: String,
    token: Secret,
    pid: u32,
}

impl UpRecord {
    /// Whether the `up` that wrote it still runs. A killed `up` leaves its record behind.
    fn is_alive(&self) -> bool {
        Path::new("/proc").join(self.pid.to_string()).exists()
    }
}

/// A server, its token, and whether a running `up` keeps the server alive.
#[derive(Debug, PartialEq)]
pub(crate) struct Resolved {
    pub(crate) server: String,
    pub(crate) token: Option<Secret>,
    kept_up: bool,
}

impl Connection {
    /// A client of the chosen server.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let Resolved { server, token, kept_up } = self.resolve(&data_folder())?;
        Ok(match kept_up {
            // It runs on this machine, whatever the address on which it listens.
            true => Client::direct(&server, token).patient(RESTART),
            false => Client::new(&server, token),
        })
    }

    /// The chosen server: by flag or environment, else of the running `up`, else the default.
    pub(crate) fn resolve(&self, data_folder: &Path) -> anyhow::Result<Resolved> {
        let up = read_record(&data_folder.join("up.json"))?;
        let server = match (&self.server, &up) {
            (Some(server), _) => server.clone(),
            (None, Some(up)) => up.url.clone(),
            (None, None) => DEFAULT_SERVER.to_owned(),
        };
        // A token is sent only to the server that it was made for.
        let up = up.filter(|up| up.url.trim_end_matches('/') == server.trim_end_matches('/'));
        let kept_up = up.as_ref().is_some_and(UpRecord::is_alive);
        Ok(Resolved { server, token: self.token.clone().or(up.map(|up| up.token)), kept_up })
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

/// The data folder: `$PEDIGREE_DATA`, else `./.pedigree` if it exists, else the user's (for root, the system's).
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

    fn resolve(up: Option<&str>, server: Option<&str>, token: Option<&str>) -> Resolved {
        let folder = tempfile::tempdir().unwrap();
        if let Some(up) = up {
            std::fs::write(folder.path().join("up.json"), up).unwrap();
        }
        let connection = Connection { server: server.map(Into::into), token: token.map(secret) };
        connection.resolve(folder.path()).unwrap()
    }

    fn secret(text: &str) -> Secret {
        text.to_owned().into()
    }

    fn resolved(server: &str, token: Option<&str>, kept_up: bool) -> Resolved {
        Resolved { server: server.into(), token: token.map(secret), kept_up }
    }

    #[test]
    fn flags_win_over_a_running_up_and_it_over_the_default() {
        let up = format!(r#"{{"url": "http://127.0.0.1:9", "token": "t", "pid": {}}}"#, std::process::id());
        let up = Some(up.as_str());
        assert_eq!(resolve(None, None, None), resolved(DEFAULT_SERVER, None, false));
        assert_eq!(resolve(up, None, None), resolved("http://127.0.0.1:9", Some("t"), true));
        assert_eq!(resolve(up, Some("http://127.0.0.1:9/"), None).token, Some(secret("t")));
        assert_eq!(
            resolve(up, Some("http://elsewhere:9"), None),
            resolved("http://elsewhere:9", None, false)
        );
        assert_eq!(resolve(up, None, Some("mine")).token, Some(secret("mine")));
    }

    #[test]
    fn a_killed_up_promises_nothing() {
        // Process ids end below this.
        let up = r#"{"url": "http://127.0.0.1:9", "token": "t", "pid": 4294967295}"#;
        assert_eq!(resolve(Some(up), None, None), resolved("http://127.0.0.1:9", Some("t"), false));
    }
}
