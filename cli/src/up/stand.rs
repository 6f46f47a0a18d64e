//! A temporary server for measurements and simulations: a cluster and a coordinator in a temporary folder.
//!
//! Must not know what is measured.

use std::os::unix::fs::PermissionsExt as _;

use anyhow::Context;
use pedigree_protocol::client::Client;
use tempfile::TempDir;

use super::record::Record;
use super::supervise::Kept;
use super::{UpArgs, free_address, start_server, stop};
use crate::output::Output;
use crate::serve::LeaseArg;

/// A private cluster and a coordinator over it, without any worker.
pub(crate) struct Stand {
    folder: TempDir,
    record: Record,
    kept: Vec<Kept>,
    database_url: String,
}

impl Stand {
    /// Starts both in a temporary folder; with a database, only the coordinator.
    async fn start(database_url: Option<String>, lease: LeaseArg, output: &Output) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("pedigree-stand-").tempdir_in("/var/tmp")?;
        // Under root, Postgres runs as another user, who must be able to reach the folder.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        std::fs::create_dir_all(folder.path().join("logs"))?;
        let listen = free_address(([127, 0, 0, 1], 0).into()).await?;
        let record = Record::new(folder.path(), listen)?;
        let args = UpArgs { data: None, listen, cpu_slots: None, lease, database_url };
        let mut kept = Vec::new();
        match start_server(&args, folder.path(), listen, &record, &mut kept).await {
            Ok(database_url) => Ok(Self { folder, record, kept, database_url }),
            Err(error) => {
                stop(kept, output).await;
                Err(error).context("the temporary server did not start")
            }
        }
    }

    /// A client with every right.
    pub(crate) fn client(&self) -> Client {
        Client::direct(&self.record.url(), Some(self.record.token().to_owned().into()))
    }

    /// URL of the coordinator's database.
    pub(crate) fn database_url(&self) -> &str {
        &self.database_url
    }

    /// Process id of the coordinator.
    pub(crate) fn coordinator(&self) -> Option<u64> {
        self.record.document()["processes"]["coordinator"].as_u64()
    }

    /// How often the coordinator has ended by itself, or was killed, and was started again.
    pub(crate) fn coordinator_deaths(&self) -> u32 {
        let coordinator = self.kept.iter().find(|part| part.name() == "coordinator");
        coordinator.map_or(0, Kept::failed_starts)
    }

    /// Runs `measure` with a server of its own; Ctrl-C ends both.
    pub(crate) async fn during<T>(
        database_url: Option<String>,
        lease: LeaseArg,
        output: &Output,
        measure: impl AsyncFnOnce(&Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let stand = Self::start(database_url, lease, output).await?;
        let measured = tokio::select! {
            measured = measure(&stand) => measured,
            _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
        };
        stand.stop(output).await?;
        measured
    }

    /// Stops both and removes what they wrote.
    async fn stop(self, output: &Output) -> anyhow::Result<()> {
        stop(self.kept, output).await;
        self.folder.close().context("cannot remove the folder of the temporary server")
    }
}
