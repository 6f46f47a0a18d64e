//! The coordinator and the worker of `pedigree up`: their command lines and what they inherit from its environment.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use nix::sys::signal::Signal;
use pedigree_protocol::access::Secret;
use pedigree_worker::WorkerError;
use tokio::process::Command;

use super::record::Record;
use super::supervise::Part;
use crate::serve::LeaseArg;

/// Where the parts live.
pub(super) struct Place<'a> {
    pub(super) folder: &'a Path,
    pub(super) listen: SocketAddr,
    pub(super) record: &'a Record,
}

/// A database, and whether it is the cluster of this `up`.
pub(super) struct Database {
    pub(super) url: String,
    pub(super) is_private: bool,
}

/// The coordinator over this database, with leases of this length.
pub(super) fn coordinator(place: &Place<'_>, database: Database, lease: LeaseArg) -> anyhow::Result<Part> {
    let (program, token, data) = (own_program()?, place.record.token().to_owned(), place.folder.to_owned());
    let (artifacts, ttl) = (data.join("artifacts"), lease.lease_ttl.to_string());
    let listen = place.listen.to_string();
    let command = move || {
        let mut command = Command::new(&program);
        if database.is_private {
            // What they say is meant for another database.
            for name in postgres_variables() {
                command.env_remove(name);
            }
        }
        // Secrets travel by environment: arguments are visible to every user of the host.
        command.env("PEDIGREE_TOKEN", &token).env("DATABASE_URL", &database.url).env("PEDIGREE_DATA", &data);
        command.args(["serve", "--supervised", "--linger", "0", "--lease-ttl", &ttl, "--listen", &listen]);
        command.arg("--artifacts").arg(&artifacts);
        command
    };
    Ok(Part {
        name: "coordinator",
        command: Box::new(command),
        log: place.folder.join("logs/coordinator.log"),
        stop_signal: Signal::SIGTERM,
        grace: Duration::from_secs(15),
        final_codes: &[],
    })
}

/// The worker with this host's GPUs and some CPU slots.
pub(super) fn worker(place: &Place<'_>, cpu_slots: usize, token: Secret) -> anyhow::Result<Part> {
    let (program, data, server) = (own_program()?, place.folder.to_owned(), place.record.url());
    let (home, slots, no_proxy) = (data.join("worker"), cpu_slots.to_string(), no_proxy(place.listen));
    let command = move || {
        let mut command = Command::new(&program);
        command.env("PEDIGREE_TOKEN", token.expose()).env("PEDIGREE_SERVER", &server);
        command.env("PEDIGREE_DATA", &data).env("NO_PROXY", &no_proxy).env("no_proxy", &no_proxy);
        command.args(["worker", "--supervised", "--cpu-slots", &slots]);
        command.arg("--folder").arg(&home);
        command
    };
    Ok(Part {
        name: "worker",
        command: Box::new(command),
        log: place.folder.join("logs/worker.log"),
        stop_signal: Signal::SIGTERM,
        grace: Duration::from_secs(20),
        final_codes: &[WorkerError::NOTHING_TO_OFFER, WorkerError::TOKEN_NOT_TAKEN],
    })
}

fn own_program() -> anyhow::Result<std::path::PathBuf> {
    std::env::current_exe().context("cannot find this program's own file")
}

/// The variables of the environment that Postgres's clients read.
fn postgres_variables() -> impl Iterator<Item = OsString> {
    std::env::vars_os().map(|(name, _)| name).filter(|name| name.as_encoded_bytes().starts_with(b"PG"))
}

/// `no_proxy` as the environment has it, and this machine's address.
fn no_proxy(listen: SocketAddr) -> String {
    let listed =
        ["NO_PROXY", "no_proxy"].iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default();
    format!("{listed},{}", listen.ip())
}
