//! The coordinator's configuration. Must not know the environment or the command line: the caller reads them.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use pedigree_protocol::access::{Role, Secret};

/// The configuration of a coordinator.
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
    /// How long a coordinator that was told to stop still takes requests, while `/readyz` refuses and each connection
    /// ends with its next answer. In this time a balancer, and workers, turn to another coordinator.
    pub linger: Duration,
    /// The coordinator's own token. Its bearer may do everything.
    pub token: Option<Secret>,
    /// What a caller without any credentials may do.
    pub anonymous: Option<Role>,
    /// Requests a second that each caller may make in the long run. `None`: any number.
    pub requests_per_second: Option<NonZeroU32>,
    /// Certificate and key. With them the coordinator serves `https` instead of `http`.
    pub tls: Option<TlsFiles>,
    /// The largest artifact that is accepted, bytes.
    pub largest_artifact: u64,
    /// A built dashboard to serve instead of the embedded one.
    pub ui_dir: Option<PathBuf>,
}

/// The two PEM files by which the coordinator proves who it is.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, followed by the certificates that signed it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Config {
    /// The default of [`Config::requests_per_second`].
    pub const REQUESTS_PER_SECOND: u32 = 1000;
    /// The default length of a lease.
    pub const LEASE_TTL: Duration = Duration::from_secs(30);
    /// The default linger. Longer than clients keep an idle connection (`protocol::client`), so that no connection is
    /// closed under a request.
    pub const LINGER: Duration = Duration::from_secs(3);
}
