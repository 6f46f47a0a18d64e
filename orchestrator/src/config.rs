//! What a coordinator is told at its start. Knows no environment and no command line: those are the caller's.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use pedigree_protocol::access::{Role, Secret};

/// What a coordinator is told at its start.
#[derive(Debug, Clone)]
pub struct Config {
    /// URL of the Postgres database (15 or later).
    pub database_url: String,
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Folder of the artifact store.
    pub artifacts: PathBuf,
    /// How long a lease lasts unless renewed.
    pub lease_ttl: Duration,
    /// The coordinator's own token: whoever bears it may do everything.
    pub token: Option<Secret>,
    /// What a caller without any credentials may do.
    pub anonymous: Option<Role>,
    /// The largest artifact that is accepted, bytes.
    pub largest_artifact: u64,
    /// A built dashboard to serve instead of the embedded one.
    pub ui_dir: Option<PathBuf>,
}

impl Config {
    /// The usual length of a lease.
    pub const LEASE_TTL: Duration = Duration::from_secs(30);
}
