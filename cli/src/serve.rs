//! `pedigree serve`: a coordinator over a Postgres database.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use pedigree_orchestrator::Config;
use serde_json::json;
use tokio::sync::oneshot;

use crate::connection::{Connection, data_folder};
use crate::output::Output;
use crate::shutdown;

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// The Postgres database, such as postgres://USER:PASSWORD@HOST/DATABASE
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,
    /// Where to listen; port 0 takes a free port
    #[arg(long, default_value = "127.0.0.1:8765", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Folder of the artifact store [default: artifacts/ in the data folder]
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,
    /// Seconds that a worker may be silent before its run is given to another
    #[arg(long, default_value_t = Config::LEASE_TTL.as_secs(), value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    lease_ttl: u64,
    /// Folder of a built dashboard to serve instead of the one in the binary
    #[arg(long, value_name = "DIR")]
    ui_dir: Option<PathBuf>,
    /// Stop when stdin ends: the process that started this one is gone
    #[arg(long, hide = true)]
    supervised: bool,
}

pub(crate) async fn run(args: ServeArgs, connection: &Connection, output: Output) -> anyhow::Result<()> {
    let shutdown = shutdown::requested(args.supervised)?;
    let config = Config {
        database_url: args.database_url,
        listen: args.listen,
        artifacts: args.artifacts.unwrap_or_else(|| data_folder().join("artifacts")),
        lease_ttl: Duration::from_secs(args.lease_ttl),
        token: connection.token.clone(),
        ui_dir: args.ui_dir,
    };
    if config.token.is_none() && !config.listen.ip().is_loopback() {
        output
            .note("warning: no --token is set, so whoever reaches this address may start and cancel studies");
    }
    let (ready, listening) = oneshot::channel();
    let serving = pedigree_orchestrator::serve(config, ready, shutdown);
    tokio::pin!(serving);
    tokio::select! {
        served = &mut serving => return Ok(served?),
        Ok(address) = listening => {
            let url = format!("http://{address}");
            output.document(&json!({ "url": url }), |screen| writeln!(screen, "listening at {url}"))?;
        }
    }
    Ok(serving.await?)
}
