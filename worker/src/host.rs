//! What all slots of a worker share.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use pedigree_protocol::client::Client;

use crate::artifacts::Cache;
use crate::aside::Aside;
use crate::attempt_folder::WorkerFolder;
use crate::roster::Roster;
use crate::token_watch::TokenWatch;

/// What all slots of this worker share.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) client: Client,
    pub(crate) roster: Roster,
    pub(crate) token: Arc<TokenWatch>,
    pub(crate) aside: Aside,
    pub(crate) cache: Cache,
    pub(crate) folder: WorkerFolder,
    pub(crate) trainer: Trainer,
}

/// How a trainer is started.
#[derive(Debug, Clone)]
pub(crate) struct Trainer {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) threads: usize,
}
