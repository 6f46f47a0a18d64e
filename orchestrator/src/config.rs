//! What a coordinator is told at its start. Knows no environment and no command line: those are the caller's.

use std::net::SocketAddr;
use std::num::NonZeroU32;
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
    /// How long a coordinator that was told to stop still takes requests, each the last of its connection, while
    /// `/readyz` refuses: the time in which a balancer, and workers, turn to another one.
    pub linger: Duration,
    /// The coordinator's own token: whoever bears it may do everything.
    pub token: Option<Secret>,
    /// What a caller without any credentials may do.
    pub anonymous: Option<Role>,
    /// Requests a second that each caller may make, for long; `None`: any number.
    pub requests_per_second: Option<NonZeroU32>,
    /// Certificate and key, to be reached by `https` instead of `http`.
    pub tls: Option<TlsFiles>,
    /// The largest artifact that is accepted, bytes.
    pub largest_artifact: u64,
    /// A built dashboard to serve instead of the embedded one.
    pub ui_dir: Option<PathBuf>,
}

/// Who the coordinator is on an encrypted wire: two PEM files.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, followed by those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Config {
    /// The usual bound of [`Config::requests_per_second`].
    pub const REQUESTS_PER_SECOND: u32 = 1000;
    /// The usual length of a lease.
    pub const LEASE_TTL: Duration = Duration::from_secs(30);
    /// The usual linger. Longer than clients keep a connection that they do not use (`protocol::client`), so that none
    /// is closed under a request.
    pub const LINGER: Duration = Duration::from_secs(3);
}
