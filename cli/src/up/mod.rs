//! `pedigree up`: a private Postgres cluster, the coordinator and a worker, started in order, kept alive, stopped in
//! order.
//!
//! Owns the data folder's layout. [`parts`] says how the parts are started, and [`devices`] what the worker offers. Must not
//! know what the parts do: each is a process of its own, which may be killed at any moment and is restarted.

mod cluster;
mod devices;
mod parts;
mod record;
mod stand;
mod supervise;

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use nix::unistd::Uid;
use pedigree_protocol::ErrorCode;
use pedigree_protocol::access::{Role, Secret, TokenSpec};
use pedigree_protocol::client::Client;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use crate::connection;
use crate::output::Output;
use crate::serve::LeaseArg;
use cluster::Cluster;
pub(crate) use cluster::server_binaries;
use parts::{Database, Place};
use record::Record;
pub(crate) use stand::Stand;
use supervise::{Kept, Part};

/// How long the parts may take until the coordinator answers.
const START_LIMIT: Duration = Duration::from_secs(120);

/// Arguments of `pedigree up`.
#[derive(Debug, clap::Args)]
pub(crate) struct UpArgs {
    /// Folder for the database, artifacts, caches and logs [default: $PEDIGREE_DATA, else ./.pedigree if it exists,
    /// else a folder in the user's home]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address to listen on; port 0 takes a free port
    #[arg(long, default_value = "127.0.0.1:8765", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Number of runs to train at once on the CPU [default: 0 if there is a GPU that the trainer can use, else 1]
    #[arg(long, value_name = "N")]
    cpu_slots: Option<usize>,
    #[command(flatten)]
    lease: LeaseArg,
    /// Postgres database to use instead of a private one
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

/// Starts everything, waits for Ctrl-C or SIGTERM, stops everything.
pub(crate) async fn run(args: UpArgs, output: Output) -> anyhow::Result<()> {
    let folder = std::path::absolute(args.data.clone().unwrap_or_else(connection::data_folder))?;
    make_folders(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let _lock = record::lock(&folder)?;
    if args.database_url.is_none() && std::env::var_os("DATABASE_URL").is_some_and(|url| !url.is_empty()) {
        output.note("DATABASE_URL is set, but not used: `up` has a database of its own; --database-url URL takes another");
    }
    let devices = devices::choose(args.cpu_slots);
    if let Some(note) = &devices.note {
        output.note(note);
    }
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;

    let listen = free_address(args.listen).await?;
    let record = Record::new(&folder, listen)?;
    let mut kept = Vec::new();
    let started = tokio::select! {
        started = start(&args, devices.cpu_slots, &folder, listen, &record, &mut kept) => started,
        _ = interrupt.recv() => Err(anyhow::anyhow!("stopped before everything had started")),
        _ = terminate.recv() => Err(anyhow::anyhow!("stopped before everything had started")),
    };
    if let Err(error) = started {
        stop(kept, &output).await;
        return Err(error);
    }
    record.publish()?;
    output.document(&record.document(), |screen| {
        writeln!(screen, "Pedigree is up at {}", record.url())?;
        writeln!(screen, "  data    {}", folder.display())?;
        writeln!(screen, "  logs    {}", folder.join("logs").display())?;
        writeln!(screen, "  Ctrl-C stops everything in order.")
    })?;
    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    output.note("stopping: worker, coordinator, database");
    let hurry = async {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    };
    tokio::select! {
        () = stop(kept, &output) => {}
        () = hurry => bail!("stopped at once; the next start recovers unfinished work"),
    }
    record.remove();
    Ok(())
}

/// Makes the data folder and its logs. A new folder of root's can be passed through by the cluster's owner, whatever the
/// umask; what lies in it keeps the umask's modes.
fn make_folders(data: &Path) -> std::io::Result<()> {
    let is_new = !data.exists();
    std::fs::create_dir_all(data.join("logs"))?;
    if is_new && Uid::effective().is_root() {
        let mode = std::fs::metadata(data)?.permissions().mode();
        std::fs::set_permissions(data, std::fs::Permissions::from_mode(mode | 0o011))?;
    }
    Ok(())
}

/// Starts the server, and a worker where there is something to offer.
async fn start(
    args: &UpArgs,
    cpu_slots: Option<usize>,
    folder: &Path,
    listen: SocketAddr,
    record: &Record,
    kept: &mut Vec<Kept>,
) -> anyhow::Result<()> {
    start_server(args, folder, listen, record, kept).await?;
    let Some(cpu_slots) = cpu_slots else { return Ok(()) };
    let token = worker_token(record).await.context("cannot make a token for the worker")?;
    let place = Place { folder, listen, record };
    kept.push(Part::keep(parts::worker(&place, cpu_slots, token)?, record.clone()));
    Ok(())
}

/// Starts the database and the coordinator; returns the database's URL.
async fn start_server(
    args: &UpArgs,
    folder: &Path,
    listen: SocketAddr,
    record: &Record,
    kept: &mut Vec<Kept>,
) -> anyhow::Result<String> {
    let database_url = match &args.database_url {
        Some(url) => url.clone(),
        None => {
            let cluster = Cluster::prepare(folder).await?;
            let url = cluster.url();
            kept.push(Part::keep(cluster.into_part(&folder.join("logs/postgres.log")), record.clone()));
            url
        }
    };
    let place = Place { folder, listen, record };
    let database = Database { url: database_url.clone(), is_private: args.database_url.is_none() };
    kept.push(Part::keep(parts::coordinator(&place, database, args.lease)?, record.clone()));
    wait_until_ready(record, &folder.join("logs/coordinator.log"), kept).await?;
    Ok(database_url)
}

/// Makes a token that allows only a worker's requests. It replaces that of an earlier start.
async fn worker_token(record: &Record) -> anyhow::Result<Secret> {
    let client = Client::direct(&record.url(), Some(record.token().to_owned().into())).patient(START_LIMIT);
    let spec = TokenSpec { name: record.worker_token_name(), role: Role::Worker, lifetime_s: None };
    match client.revoke_token(&spec.name).await {
        Ok(_) => {}
        Err(error) if error.code() == Some(ErrorCode::NotFound) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(client.create_token(&spec).await?.secret)
}

/// Waits for the coordinator's first answer. A part that keeps ending is reported with the end of its log.
async fn wait_until_ready(record: &Record, log: &Path, kept: &[Kept]) -> anyhow::Result<()> {
    let client = Client::direct(&record.url(), None);
    let deadline = Instant::now() + START_LIMIT;
    loop {
        let error = match client.ready().await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if let Some(part) = kept.iter().find(|part| part.failed_starts() >= 5) {
            bail!(
                "{} does not stay up; the end of {}:\n{}",
                part.name(),
                part.log().display(),
                tail(part.log())
            );
        }
        if Instant::now() > deadline {
            bail!(
                "not ready after {} s: {error}; the end of {}:\n{}",
                START_LIMIT.as_secs(),
                log.display(),
                tail(log)
            );
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn stop(kept: Vec<Kept>, output: &Output) {
    for part in kept.into_iter().rev() {
        let name = part.name();
        part.stop().await;
        output.note(&format!("{name} stopped"));
    }
}

/// The address to listen on. The port is chosen now, because a restarted coordinator must come back on it.
async fn free_address(wanted: SocketAddr) -> anyhow::Result<SocketAddr> {
    // A coordinator whose `up` was killed needs a moment to notice it and leave the port.
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match TcpListener::bind(wanted) {
            Ok(listener) => return Ok(listener.local_addr()?),
            Err(error) if Instant::now() > deadline => {
                return Err(error).with_context(|| {
                    format!("cannot listen on {wanted}: is something else there? `--listen 127.0.0.1:0` takes a free port")
                });
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

/// The last lines of a log file, for an error message.
fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
