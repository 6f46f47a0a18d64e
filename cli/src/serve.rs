//! `pedigree serve`: a coordinator over a Postgres database.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use pedigree_orchestrator::{Config, TlsFiles};
use pedigree_protocol::access::Role;
use serde_json::json;
use tokio::sync::oneshot;

use crate::connection::{Connection, data_folder};
use crate::output::Output;
use crate::shutdown;

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// URL of the Postgres database, such as postgres://USER:PASSWORD@HOST/DATABASE
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,
    /// Address to listen on; port 0 takes a free port
    #[arg(long, default_value = "127.0.0.1:8765", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Folder of the artifact store [default: artifacts/ in the data folder]
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,
    #[command(flatten)]
    lease: LeaseArg,
    /// Seconds to go on taking requests after SIGTERM while /readyz already answers 503, so that a load balancer can
    /// switch to another coordinator
    #[arg(long, default_value_t = Config::LINGER.as_secs(), value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=600))]
    linger: u64,
    /// Folder of a built dashboard to serve instead of the built-in one
    #[arg(long, value_name = "DIR")]
    ui_dir: Option<PathBuf>,
    /// Role of callers without a token: viewer, worker, operator or admin, or none to refuse them [default: none; on a
    /// loopback address viewer if the coordinator has a token, admin if it has none]
    #[arg(long, value_name = "ROLE", value_parser = anonymous)]
    anonymous: Option<Anonymous>,
    /// Sustained requests per second for each token, and for each address without one; 0 means no limit
    #[arg(long, default_value_t = Config::REQUESTS_PER_SECOND, value_name = "N")]
    max_requests: u32,
    /// Certificate chain (PEM, the server's certificate first); serves https instead of http
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Size of the largest accepted artifact
    #[arg(long, default_value_t = 16, value_name = "GIB", value_parser = clap::value_parser!(u64).range(1..=1024))]
    max_artifact_gib: u64,
    /// OpenTelemetry collector that gets the traces (OTLP over HTTP, protobuf), such as http://127.0.0.1:4318
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub(crate) otlp_endpoint: Option<String>,
    /// Stop when stdin ends, since the process that started this one is gone then
    #[arg(long, hide = true)]
    supervised: bool,
}

/// How long a lease lasts.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct LeaseArg {
    /// Seconds that a worker may be silent before its run goes to another worker
    #[arg(long, default_value_t = Config::LEASE_TTL.as_secs(), value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) lease_ttl: u64,
}

impl Default for LeaseArg {
    fn default() -> Self {
        Self { lease_ttl: Config::LEASE_TTL.as_secs() }
    }
}

/// The role of callers without a token, as a flag gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Anonymous(Option<Role>);

fn anonymous(text: &str) -> Result<Anonymous, String> {
    match text {
        "none" => Ok(Anonymous(None)),
        role => role.parse().map(Some).map(Anonymous).map_err(|problem: String| format!("{problem}, none")),
    }
}

impl ServeArgs {
    /// The role of callers without a token. Where others can reach the address, it must be given if there is no token.
    fn anonymous_role(&self, has_token: bool) -> anyhow::Result<Option<Role>> {
        match (self.anonymous, has_token, self.listen.ip().is_loopback()) {
            (Some(Anonymous(role)), ..) => Ok(role),
            (None, true, true) => Ok(Some(Role::Viewer)),
            (None, true, false) => Ok(None),
            (None, false, true) => Ok(Some(Role::Admin)),
            (None, false, false) => bail!(
                "{} can be reached by others, and no token is set; set PEDIGREE_TOKEN, or give --anonymous ROLE for \
                 callers without one",
                self.listen
            ),
        }
    }
}

pub(crate) async fn run(args: ServeArgs, connection: &Connection, output: Output) -> anyhow::Result<()> {
    let shutdown = shutdown::requested(args.supervised)?;
    let anonymous = args.anonymous_role(connection.token.is_some())?;
    let config = Config {
        database_url: args.database_url,
        listen: args.listen,
        artifacts: args.artifacts.unwrap_or_else(|| data_folder().join("artifacts")),
        lease_ttl: Duration::from_secs(args.lease.lease_ttl),
        linger: Duration::from_secs(args.linger),
        token: connection.token.clone(),
        anonymous,
        requests_per_second: NonZeroU32::new(args.max_requests),
        tls: args.tls_cert.zip(args.tls_key).map(|(certificate, key)| TlsFiles { certificate, key }),
        largest_artifact: args.max_artifact_gib << 30,
        ui_dir: args.ui_dir,
    };
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let (ready, listening) = oneshot::channel();
    let serving = pedigree_orchestrator::serve(config, ready, shutdown);
    tokio::pin!(serving);
    tokio::select! {
        served = &mut serving => return Ok(served?),
        Ok(address) = listening => {
            let url = format!("{scheme}://{address}");
            output.document(&json!({ "url": url }), |screen| writeln!(screen, "listening at {url}"))?;
        }
    }
    Ok(serving.await?)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn role(listen: &str, anonymous: Option<&str>, has_token: bool) -> Result<Option<Role>, String> {
        let line = ["serve", "--database-url", "postgres://h/d", "--listen", listen];
        let line = line.into_iter().chain(anonymous.iter().flat_map(|role| ["--anonymous", role]));
        let args = Line::try_parse_from(line).map_err(|error| error.to_string())?.serve;
        args.anonymous_role(has_token).map_err(|error| error.to_string())
    }

    #[test]
    fn a_lease_of_no_time_is_refused() {
        let read = |seconds| {
            Line::try_parse_from(["serve", "--database-url", "postgres://h/d", "--lease-ttl", seconds])
        };
        assert_eq!(read("3600").unwrap().serve.lease.lease_ttl, 3600);
        assert!(read("0").unwrap_err().to_string().contains("0 is not in 1..=3600"));
    }

    #[test]
    fn nothing_is_left_open_unsaid_where_others_can_reach_it() {
        let (near, far) = ("127.0.0.1:1", "0.0.0.0:1");
        assert_eq!(role(near, None, false), Ok(Some(Role::Admin)));
        assert_eq!(role(near, None, true), Ok(Some(Role::Viewer)));
        assert_eq!(role(near, Some("none"), true), Ok(None));
        assert_eq!(role(far, None, true), Ok(None));
        assert_eq!(role(far, Some("admin"), false), Ok(Some(Role::Admin)));
        assert!(role(far, None, false).unwrap_err().contains("set PEDIGREE_TOKEN"));
        assert!(
            role(far, Some("root"), true)
                .unwrap_err()
                .contains("known: viewer, worker, operator, admin, none")
        );
    }
}
