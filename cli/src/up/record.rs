//! `up.json`: where a running `pedigree up` answers, with which token, and the process ids of its parts.
//!
//! Other sub-commands find the server by it, operators and tests the processes.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What stands in `up.json`; shared by the tasks that keep the parts alive.
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
    /// A record for `folder`; the token is made once per data folder and kept there, readable by its owner alone.
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

    /// The name of the token that the worker bears: one for each data folder, as several may share a database.
    pub(super) fn worker_token_name(&self) -> String {
        let folder = hex::encode(Sha256::digest(self.token.as_bytes()));
        format!("up-worker-{}", &folder[..8])
    }

    /// Notes the process id of a part, or that it has none now.
    pub(super) fn set_process(&self, part: &'static str, pid: Option<u32>) {
        let published = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            match pid {
                Some(pid) => state.processes.insert(part, pid),
                None => state.processes.remove(part),
            };
            state.published
        };
        if published && let Err(error) = self.write(true) {
            tracing::warn!("{error:#}");
        }
    }

    /// The record as a document.
    pub(super) fn document(&self) -> Value {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        json!({ "url": *self.url, "token": *self.token, "pid": std::process::id(), "processes": state.processes })
    }

    /// Writes `up.json`, and from then on at each change when `publish`.
    pub(super) fn write(&self, publish: bool) -> anyhow::Result<()> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).published = publish;
        let draft = self.file.with_extension("json.new");
        let mut file = private_file(&draft)?;
        writeln!(file, "{}", self.document())?;
        std::fs::rename(&draft, &*self.file).with_context(|| format!("cannot write {}", self.file.display()))
    }

    /// Removes `up.json`: nothing is up any more.
    pub(super) fn remove(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).published = false;
        if let Err(error) = std::fs::remove_file(&*self.file) {
            tracing::warn!("cannot remove {}: {error}", self.file.display());
        }
    }
}

/// Takes the data folder for this process; the lock goes with the process, however it ends.
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
