//! A real coordinator for tests that speak to it over the wire.

use std::path::Path;
use std::time::Duration;

use pedigree_orchestrator::{Config, ServeError, serve};
use pedigree_protocol::access::Role;
use pedigree_protocol::client::Client;
use sqlx::{ConnectOptions, PgPool};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A coordinator in this process, at an address of its own.
pub(crate) struct Server {
    pub(crate) url: String,
    stop: oneshot::Sender<()>,
    done: JoinHandle<Result<(), ServeError>>,
    _folder: tempfile::TempDir,
}

impl Server {
    pub(crate) async fn start(pool: &PgPool, token: Option<&str>) -> Self {
        Self::start_with(pool, token, |_, _| {}).await
    }

    /// With settings of the test's own; the folder lives as long as the server.
    pub(crate) async fn start_with(
        pool: &PgPool,
        token: Option<&str>,
        change: impl FnOnce(&mut Config, &Path),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config {
            database_url: pool.connect_options().to_url_lossy().into(),
            listen: "127.0.0.1:0".parse().unwrap(),
            artifacts: folder.path().join("artifacts"),
            lease_ttl: Config::LEASE_TTL,
            linger: Duration::ZERO,
            token: token.map(|token| token.to_owned().into()),
            anonymous: Some(if token.is_some() { Role::Viewer } else { Role::Admin }),
            requests_per_second: None,
            tls: None,
            largest_artifact: 1 << 26,
            ui_dir: None,
        };
        change(&mut config, folder.path());
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let (ready, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let done = tokio::spawn(serve(config, ready, async move { drop(stopped.await) }));
        let url = format!("{scheme}://{}", address.await.unwrap());
        Self { url, stop, done, _folder: folder }
    }

    pub(crate) fn client(&self, token: Option<&str>) -> Client {
        Client::new(&self.url, token.map(|token| token.to_owned().into()))
    }

    /// A client for what the typed one has no method for, which installs the TLS provider that both use.
    pub(crate) fn http(&self) -> reqwest::Client {
        drop(self.client(None));
        reqwest::Client::new()
    }

    /// Stops the server; it must let go of everything promptly.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(5), self.done).await.unwrap().unwrap().unwrap();
    }
}
