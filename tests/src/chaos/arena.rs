//! All processes of a schedule: a Postgres cluster, two coordinators on it, two workers, and the links between them.

use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use nix::sys::signal::Signal;
use pedigree_protocol::client::Client;
use sqlx::PgConnection;
use tempfile::TempDir;

use crate::chaos::link::{Link, Upstream};
use crate::chaos::postgres::{Postgres, Template, open_folder};
use crate::chaos::service::Service;
use crate::disk::SmallDisk;
use crate::processes::{children_of, signal};
use crate::up::{binary, built};

/// Where libfaketime lies on Debian's architectures.
const FAKETIME: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
];

/// Coordinators of an arena, and workers of it.
pub(super) const EACH: usize = 2;

/// What differs from one arena to the next.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How long a lease lasts unless renewed, seconds.
    pub lease_ttl: u32,
    /// How long a coordinator that stops still takes requests, seconds.
    pub linger: u32,
    /// Runs that a worker trains at a time.
    pub slots: usize,
    /// How long the scripted trainer takes for an epoch, milliseconds.
    pub epoch_ms: u32,
    /// How far each worker's clock is off, seconds.
    pub skews: [i64; EACH],
    /// The artifact store lies on a small disk.
    pub small_disk: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { lease_ttl: 2, linger: 1, slots: 2, epoch_ms: 60, skews: [0; EACH], small_disk: false }
    }
}

/// The processes of a schedule. Dropping it ends them all.
#[derive(Debug)]
pub struct Arena {
    // In the order in which they end: workers first, the database last.
    pub(super) workers: Vec<Service>,
    pub(super) coordinators: Vec<Service>,
    pub(super) worker_links: Vec<Link>,
    pub(super) database_links: Vec<Link>,
    pub(super) postgres: Postgres,
    addresses: Vec<SocketAddr>,
    disk: Option<SmallDisk>,
    notes: Vec<String>,
    folder: TempDir,
}

impl Arena {
    /// Starts everything but the workers, and waits until the coordinators serve.
    ///
    /// # Errors
    /// A process does not start.
    pub async fn start(template: &Template, rules: Rules) -> anyhow::Result<Self> {
        let folder = open_folder("pedigree-chaos-")?;
        let postgres = Postgres::start(template, folder.path().join("postgres")).await?;
        let mut notes = Vec::new();
        let disk = match rules.small_disk {
            true => SmallDisk::mount(&folder.path().join("artifacts"))?,
            false => None,
        };
        if rules.small_disk && disk.is_none() {
            notes.push("SKIPPED: mounting a tmpfs is not permitted here; the disk is not filled".to_owned());
        }
        let mut arena = Self {
            workers: Vec::new(),
            coordinators: Vec::new(),
            worker_links: Vec::new(),
            database_links: Vec::new(),
            postgres,
            addresses: Vec::new(),
            disk,
            notes,
            folder,
        };
        for index in 0..EACH {
            arena.add_coordinator(index, rules).await?;
        }
        Ok(arena)
    }

    async fn add_coordinator(&mut self, index: usize, rules: Rules) -> anyhow::Result<()> {
        let Rules { lease_ttl, linger, .. } = rules;
        let link = Link::start(Upstream::Unix(self.postgres.socket())).await?;
        let database = format!("postgres://pedigree@{}/postgres?sslmode=disable", link.address());
        let address = free_address()?;
        let (home, artifacts) = (self.path(&format!("coordinator-{index}")), self.path("artifacts"));
        let name = format!("coordinator {index}");
        let service = Service::start(name, home.with_extension("log"), move || {
            let mut command = pedigree(&home);
            command.args(["serve", "--listen", &address.to_string(), "--lease-ttl", &lease_ttl.to_string()]);
            command.args(["--linger", &linger.to_string(), "--max-requests", "0"]);
            command.arg("--artifacts").arg(&artifacts).env("DATABASE_URL", &database);
            command.env("PEDIGREE_PLANTED_PANICS", "proposing:frail/2");
            command
        })?;
        self.coordinators.push(service);
        self.database_links.push(link);
        self.addresses.push(address);
        Ok(())
    }

    /// Starts the workers, each with a link of its own that leads to any coordinator.
    ///
    /// # Errors
    /// A process does not start.
    pub async fn start_workers(&mut self, rules: Rules) -> anyhow::Result<()> {
        for index in 0..EACH {
            let link = Link::start(Upstream::Coordinators(self.addresses.clone())).await?;
            let server = format!("http://{}", link.address());
            let home = self.path(&format!("worker-{index}"));
            let trainer = built("scripted-trainer");
            let faketime = self.faketime(rules.skews[index]);
            let service = Service::start(format!("worker {index}"), home.with_extension("log"), move || {
                let mut command = pedigree(&home);
                command.args(["worker", "--cpu-slots", &rules.slots.to_string(), "--threads", "1"]);
                command.arg("--folder").arg(home.join("worker")).arg("--trainer").arg(&trainer);
                command.env("PEDIGREE_SERVER", &server);
                command.env("SCRIPTED_TRAINER_EPOCH_MS", rules.epoch_ms.to_string());
                command.envs(faketime.clone());
                command
            })?;
            self.workers.push(service);
            self.worker_links.push(link);
        }
        Ok(())
    }

    /// What shifts a process's wall clock. Its monotonic clock is its own on any host.
    fn faketime(&mut self, skew: i64) -> Vec<(&'static str, String)> {
        if skew == 0 {
            return Vec::new();
        }
        match FAKETIME.iter().find(|library| Path::new(library).exists()) {
            Some(library) => vec![
                ("LD_PRELOAD", (*library).to_owned()),
                ("FAKETIME", format!("{skew:+}s")),
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ],
            None => {
                self.notes
                    .push("SKIPPED: no libfaketime (apt-get install faketime); clocks are right".into());
                Vec::new()
            }
        }
    }

    /// A path in the arena's folder: `worker-0.log`, `worker-0/worker/attempts`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A connection to the database that no link can break.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn database(&self) -> Result<PgConnection, sqlx::Error> {
        self.postgres.connect().await
    }

    /// A client of one coordinator.
    pub fn client(&self, coordinator: usize) -> Client {
        Client::new(&format!("http://{}", self.addresses[coordinator]), None)
    }

    /// A client that comes by a worker's link.
    pub fn client_by_link(&self, worker: usize) -> Client {
        Client::new(&format!("http://{}", self.worker_links[worker].address()), None)
    }

    /// Waits until every coordinator serves.
    ///
    /// # Errors
    /// One does not within a minute.
    pub async fn until_ready(&self) -> anyhow::Result<()> {
        for index in 0..EACH {
            self.until_one_is_ready(index).await?;
        }
        Ok(())
    }

    /// Waits until a coordinator serves.
    ///
    /// # Errors
    /// It does not within a minute.
    pub async fn until_one_is_ready(&self, coordinator: usize) -> anyhow::Result<()> {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        let client = self.client(coordinator);
        while let Err(error) = client.ready().await {
            if std::time::Instant::now() > deadline {
                return Err(error)
                    .context(format!("coordinator {coordinator} does not start\n{}", self.logs()));
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Ok(())
    }

    pub(super) async fn restart_coordinator(&mut self, index: usize) -> anyhow::Result<()> {
        restart(&mut self.coordinators[index]).await
    }

    pub(super) async fn restart_worker(&mut self, index: usize) -> anyhow::Result<()> {
        restart(&mut self.workers[index]).await
    }

    /// Process ids of a worker's trainers.
    pub fn trainers(&self, worker: usize) -> Vec<u32> {
        let mut trainers =
            self.workers[worker].pid().map_or_else(Vec::new, |pid| children_of(pid, "--supervised"));
        trainers.sort_unstable();
        trainers
    }

    pub(super) fn signal_trainers(&self, worker: usize, most: usize, what: Signal) {
        for trainer in self.trainers(worker).into_iter().take(most) {
            signal(trainer, what);
        }
    }

    pub(super) fn fill_disk(&self) -> anyhow::Result<()> {
        self.disk.as_ref().map_or(Ok(()), SmallDisk::fill)
    }

    pub(super) fn clear_disk(&self) -> anyhow::Result<()> {
        self.disk.as_ref().map_or(Ok(()), SmallDisk::clear)
    }

    /// Processes of Pedigree that have ended though nobody had asked them to, each with how. They are started again, and
    /// so is Postgres, of which only a note is made.
    ///
    /// # Errors
    /// One cannot be started again.
    pub fn ended_by_themselves(&mut self) -> anyhow::Result<Vec<String>> {
        const NOTE: &str = "Postgres had ended by itself, and was started again";
        if self.postgres.start_if_ended_by_itself()? && !self.notes.iter().any(|note| note == NOTE) {
            self.notes.push(NOTE.to_owned());
        }
        let mut ended = Vec::new();
        for service in self.coordinators.iter_mut().chain(&mut self.workers) {
            if let Some(status) = service.ended_by_itself()? {
                ended.push(format!("{} ended by itself: {status}", service.name));
            }
        }
        Ok(ended)
    }

    /// What could not be tried here.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The ends of all logs, for messages.
    pub fn logs(&self) -> String {
        let services = self.coordinators.iter().chain(&self.workers).map(Service::log);
        services.chain([&*self.postgres.log()]).map(tail).collect()
    }
}

async fn restart(service: &mut Service) -> anyhow::Result<()> {
    let status = service.until_ended().await?;
    // One that has only just begun does not listen to signals yet.
    let is_well = status.success() || status.signal() == Some(Signal::SIGTERM as i32);
    anyhow::ensure!(is_well, "{} ended with {status} after SIGTERM", service.name);
    service.start_again()
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    format!("--- {}\n{}\n", log.display(), lines[lines.len().saturating_sub(40)..].join("\n"))
}

/// The binary with a home of its own and nothing from the surroundings.
fn pedigree(home: &Path) -> Command {
    let mut command = Command::new(binary());
    for variable in ["DATABASE_URL", "PEDIGREE_SERVER", "PEDIGREE_TOKEN"] {
        command.env_remove(variable);
    }
    command.env("PEDIGREE_DATA", home).env("PEDIGREE_LOG", "pedigree=debug,info,sqlx=warn");
    command
}

/// An address that nobody listens on; its process comes back to it whenever it is started again.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
