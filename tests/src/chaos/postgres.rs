//! A Postgres cluster of a schedule's own: it is killed, frozen and restarted.
//!
//! The cluster outlives the kill of its processes, not of the machine: commits reach the kernel, fsync is off.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use nix::unistd::{Uid, User};
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use crate::processes::{children_of, signal};

const PATIENCE: Duration = Duration::from_secs(60);
/// How long a server that was asked to end may take.
const POLITE: Duration = Duration::from_secs(5);

/// A cluster that has never run, to be copied: initialising one takes far longer.
#[derive(Debug)]
pub struct Template {
    folder: TempDir,
    programs: Programs,
}

/// Where the server's programs are, and as whom they run.
#[derive(Debug, Clone)]
struct Programs {
    folder: PathBuf,
    owner: User,
    me: User,
}

impl Template {
    /// Initialises it.
    ///
    /// # Errors
    /// There are no server binaries, or `initdb` fails.
    pub fn make() -> anyhow::Result<Self> {
        let programs = Programs::find()?;
        let folder = open_folder("pedigree-chaos-template-")?;
        programs.give(folder.path())?;
        let data = folder.path().join("data");
        let mut initdb = programs.command("initdb", folder.path());
        initdb.arg("-D").arg(&data).args(["-U", "pedigree", "--auth-local=peer", "--no-sync"]);
        initdb.args(["-E", "UTF8", "--locale=C.UTF-8"]);
        let made = initdb.output().context("initdb cannot be run")?;
        if !made.status.success() {
            bail!("initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        }
        fs::write(data.join("pg_hba.conf"), "local all all peer map=chaos\n")?;
        let users = [&programs.owner.name, &programs.me.name];
        let idents: String = users.iter().map(|user| format!("chaos {user} pedigree\n")).collect();
        fs::write(data.join("pg_ident.conf"), idents)?;
        Ok(Self { folder, programs })
    }
}

/// A temporary folder through which other users can pass: run as root, Postgres belongs to one.
pub(super) fn open_folder(prefix: &str) -> anyhow::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix(prefix).tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    Ok(folder)
}

impl Programs {
    fn find() -> anyhow::Result<Self> {
        let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
        folders.sort();
        folders.extend(std::env::var_os("PG_BIN").map(PathBuf::from));
        let found = folders.into_iter().rfind(|folder| folder.join("initdb").is_file());
        let me = User::from_uid(Uid::effective())?.context("this user has no name")?;
        let owner = if me.uid.is_root() {
            User::from_name("postgres")?.context("there is no user postgres for Postgres to run as")?
        } else {
            me.clone()
        };
        Ok(Self {
            folder: found.context("no PostgreSQL server binaries; scripts/need.sh postgres")?,
            owner,
            me,
        })
    }

    fn give(&self, folder: &Path) -> anyhow::Result<()> {
        if self.owner != self.me {
            nix::unistd::chown(folder, Some(self.owner.uid), Some(self.owner.gid))?;
        }
        Ok(())
    }

    fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.folder.join(program));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8").env("HOME", folder);
        command.current_dir(folder).stdin(Stdio::null());
        if self.owner != self.me {
            command.uid(self.owner.uid.as_raw()).gid(self.owner.gid.as_raw());
        }
        command
    }
}

/// A cluster and its server process.
#[derive(Debug)]
pub(super) struct Postgres {
    folder: PathBuf,
    programs: Programs,
    server: Option<Child>,
    /// It was told to end, and may.
    is_ending: bool,
}

impl Postgres {
    /// A cluster in `folder`, which must be new, started.
    pub(super) async fn start(template: &Template, folder: PathBuf) -> anyhow::Result<Self> {
        fs::create_dir(&folder)?;
        let programs = template.programs.clone();
        let copied =
            Command::new("cp").arg("-a").arg(template.folder.path().join("data")).arg(&folder).status()?;
        anyhow::ensure!(copied.success(), "the template cannot be copied");
        for made in [folder.join("run"), folder.clone()] {
            fs::create_dir_all(&made)?;
            programs.give(&made)?;
        }
        let mut this = Self { folder, programs, server: None, is_ending: false };
        this.start_again().await?;
        Ok(this)
    }

    /// The socket that clients connect to.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.join("run/.s.PGSQL.5432")
    }

    /// A connection that no link can break.
    pub(super) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let url = format!("postgres://pedigree@localhost/postgres?host={}/run", self.folder.display());
        PgConnection::connect(&url).await
    }

    /// Starts the server and waits until it answers. One that is started right after a kill may refuse, because
    /// sessions of the killed one still hold its memory; that passes.
    pub(super) async fn start_again(&mut self) -> anyhow::Result<()> {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let ended = match &mut self.server {
                Some(server) => server.try_wait()?.is_some(),
                None => true,
            };
            if ended {
                self.launch()?;
            }
            match self.connect().await {
                Ok(db) => return Ok(db.close().await?),
                Err(error) if std::time::Instant::now() > deadline => {
                    return Err(error).context("Postgres does not start");
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Starts a server that has ended though nobody had asked it to, as a supervisor would, and answers whether one had.
    /// Postgres gives up for good when its recovery is killed as well.
    pub(super) fn start_if_ended_by_itself(&mut self) -> anyhow::Result<bool> {
        let Some(server) = self.server.as_mut().filter(|_| !self.is_ending) else { return Ok(false) };
        let has_ended = server.try_wait()?.is_some();
        if has_ended {
            self.launch()?;
        }
        Ok(has_ended)
    }

    fn launch(&mut self) -> anyhow::Result<()> {
        self.server = Some(self.spawn()?);
        self.is_ending = false;
        Ok(())
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let mut command = self.programs.command("postgres", &self.folder);
        command.arg("-D").arg(self.folder.join("data"));
        let socket = format!("unix_socket_directories={}", self.folder.join("run").display());
        let settings = [
            "listen_addresses=",
            &socket,
            "fsync=off",
            "synchronous_commit=on",
            "shared_buffers=16MB",
            "max_connections=60",
            "timezone=UTC",
        ];
        for setting in settings {
            command.args(["-c", setting]);
        }
        let log = fs::File::options().create(true).append(true).open(self.log())?;
        command.stdout(log.try_clone()?).stderr(log);
        Ok(command.process_group(0).spawn()?)
    }

    /// The server's log.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.with_extension("log")
    }

    /// SIGKILL to the server; its sessions notice by themselves.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut server) = self.server.take() {
            server.kill()?;
            server.wait()?;
        }
        Ok(())
    }

    /// Asks the server to end in good order: sessions are broken off, what is committed is kept.
    pub(super) fn shut_down(&mut self) {
        self.is_ending = true;
        if let Some(server) = &self.server {
            signal(server.id(), Signal::SIGINT);
        }
    }

    /// Waits for the end of a server that was asked to, as a service would: a session whose client neither listens nor
    /// leaves holds it up, and is not waited for.
    pub(super) async fn until_ended(&mut self) -> anyhow::Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        let deadline = std::time::Instant::now() + POLITE;
        while server.try_wait()?.is_none() {
            if std::time::Instant::now() > deadline {
                signal(server.id(), Signal::SIGQUIT);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// SIGKILL to one session: the server ends all others and recovers.
    pub(super) fn kill_session(&self) {
        let sessions =
            self.server.as_ref().map_or_else(Vec::new, |server| children_of(server.id(), "pedigree"));
        if let Some(session) = sessions.first() {
            signal(*session, Signal::SIGKILL);
        }
    }

    /// Sends SIGSTOP or SIGCONT to the server and all its sessions.
    pub(super) fn signal_all(&self, what: Signal) {
        let Some(server) = &self.server else { return };
        signal(server.id(), what);
        for session in children_of(server.id(), "") {
            signal(session, what);
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.signal_all(Signal::SIGCONT);
        let Some(server) = &mut self.server else { return };
        // Immediate shutdown: nothing of it is wanted any more. One that is just starting may not hear it.
        for _ in 0..100 {
            signal(server.id(), Signal::SIGQUIT);
            if !matches!(server.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = server.kill();
        let _ = server.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn until_answers(postgres: &mut Postgres) -> usize {
        let deadline = std::time::Instant::now() + PATIENCE;
        let mut starts = 0;
        while postgres.connect().await.is_err() {
            assert!(std::time::Instant::now() < deadline, "Postgres does not answer again");
            starts += usize::from(postgres.start_if_ended_by_itself().unwrap());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        starts
    }

    #[tokio::test]
    async fn a_server_that_ended_by_itself_is_started_again_and_one_that_was_shut_down_is_not() {
        let template = Template::make().unwrap();
        let folder = open_folder("pedigree-chaos-").unwrap();
        let mut postgres = Postgres::start(&template, folder.path().join("postgres")).await.unwrap();
        assert!(!postgres.start_if_ended_by_itself().unwrap(), "it runs");

        signal(postgres.server.as_ref().unwrap().id(), Signal::SIGQUIT);
        while postgres.connect().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(until_answers(&mut postgres).await > 0);

        postgres.shut_down();
        while postgres.server.as_mut().unwrap().try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(!postgres.start_if_ended_by_itself().unwrap(), "its end in the schedule starts it");
        postgres.start_again().await.unwrap();
    }
}
