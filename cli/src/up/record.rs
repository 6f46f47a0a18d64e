//! `up.json`: the address and token of a running `pedigree up`, and the process ids of its parts.
//!
//! Other sub-commands find the server in it; operators and tests find the processes.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The content of `up.json`; the tasks that keep the parts alive share it.
#[derive(Debug, Clone)]
pub(super) struct Record {
    file: Arc<PathBuf>,
    url: Arc<str>,
    token: Arc<str>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    published: bool,
    processes: BTreeMap<&'static str, u32>,
}

impl Record {
    /// A record for `folder`; The token is made once per data folder and kept there, readable only by its owner.
    pub(super) fn new(folder: &Path, listen: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self {
            file: Arc::new(folder.join("up.json")),
            url: format!("http://{listen}").into(),
            token: token(&folder.join("token"))?.into(),
            state: Arc::default(),
        })
    }

    pub(super) fn url(&self) -> String {
        self.url.to_string()
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// The name of the worker's token. Each data folder has its own, because several may share a database.
    pub(super) fn worker_token_name(&self) -> String {
        let folder = hex::encode(Sha256::digest(self.token.as_bytes()));
        format!("up-worker-{}", &folder[..8])
    }

    /// Records the process id of a part, or that it has none.
    pub(super) fn set_process(&self, part: &'static str, pid: Option<u32>) {
        let mut state = self.state();
        match pid {
            Some(pid) => state.processes.insert(part, pid),
            None => state.processes.remove(part),
        };
        if state.published
            && let Err(error) = self.store(&state)
        {
            tracing::warn!("{error:#}");
        }
    }

    /// The record as a document.
    pub(super) fn document(&self) -> Value {
        self.described(&self.state())
    }

    /// Writes `up.json`, and from now on each change.
    pub(super) fn publish(&self) -> anyhow::Result<()> {
        let mut state = self.state();
        state.published = true;
        self.store(&state)
    }

    /// Removes `up.json`: nothing runs any more.
    pub(super) fn remove(&self) {
        let mut state = self.state();
        state.published = false;
        if let Err(error) = std::fs::remove_file(&*self.file) {
            tracing::warn!("cannot remove {}: {error}", self.file.display());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn described(&self, state: &State) -> Value {
        json!({ "url": *self.url, "token": *self.token, "pid": std::process::id(), "processes": state.processes })
    }

    /// Replaces the file as a whole. It holds the state's lock, because two tasks that wrote at once would take each
    /// other's draft.
    fn store(&self, state: &State) -> anyhow::Result<()> {
        let draft = self.file.with_extension("json.new");
        let mut file = private_file(&draft)?;
        writeln!(file, "{}", self.described(state))?;
        std::fs::rename(&draft, &*self.file).with_context(|| format!("cannot write {}", self.file.display()))
    }
}

/// Locks the data folder for this process. The lock ends with the process, however it ends.
pub(super) fn lock(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join("up.lock");
    let file = private_file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => {
            bail!("another `pedigree up` runs in {}; stop it, or give another --data", folder.display())
        }
    }
}

fn token(path: &Path) -> anyhow::Result<String> {
    if let Ok(token) = std::fs::read_to_string(path) {
        return Ok(token.trim().to_owned());
    }
    // Version-4 UUIDs are 122 bits from the operating system's generator each.
    let token = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    writeln!(private_file(path)?, "{token}")?;
    Ok(token)
}

fn private_file(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_that_change_the_record_at_once_leave_a_whole_one() {
        let folder = tempfile::tempdir().unwrap();
        let record = Record::new(folder.path(), ([127, 0, 0, 1], 1).into()).unwrap();
        std::thread::scope(|scope| {
            for part in ["postgres", "coordinator", "worker"] {
                let record = &record;
                scope.spawn(move || (0..200).for_each(|pid| record.set_process(part, Some(pid))));
            }
            for _ in 0..200 {
                record.publish().unwrap();
                let text = std::fs::read_to_string(folder.path().join("up.json")).unwrap();
                serde_json::from_str::<Value>(&text).unwrap();
            }
        });
        let text = std::fs::read_to_string(folder.path().join("up.json")).unwrap();
        let processes = &serde_json::from_str::<Value>(&text).unwrap()["processes"];
        assert_eq!(processes, &json!({ "coordinator": 199, "postgres": 199, "worker": 199 }));
    }
}
