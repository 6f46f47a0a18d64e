//! The private Postgres cluster of `pedigree up`: found binaries, a data directory, a unix socket, no TCP.
//!
//! Root cannot run Postgres: the cluster then belongs to the user `postgres` (else `nobody`), and both that user and
//! root may connect over the socket by peer authentication. Durable: fsync, synchronous commit and checksums are on.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use nix::unistd::{Uid, User};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sha2::{Digest as _, Sha256};
use tokio::process::Command;

use super::supervise::Part;

const ROLE: &str = "pedigree";
/// The port names the socket's file; nothing listens on a network.
const PORT: u16 = 5432;
/// A path of a unix socket holds 107 bytes, the socket's name included.
const LONGEST_SOCKET_FOLDER: usize = 85;
/// Where root's clusters are when their owner cannot reach the data folder.
const ROOT_CLUSTERS: &str = "/var/lib/pedigree";

/// A cluster that is ready to be started.
pub(super) struct Cluster {
    binaries: PathBuf,
    folder: PathBuf,
    socket: PathBuf,
    owner: User,
    me: User,
}

impl Cluster {
    /// Finds the server binaries, and makes the data directory if there is none. First it stops a server that a killed
    /// `up` left behind.
    pub(super) async fn prepare(data: &Path) -> anyhow::Result<Self> {
        let me = User::from_uid(Uid::effective())?.with_context(|| {
            format!(
                "user id {} has no name in /etc/passwd, which Postgres needs; run as a named user",
                Uid::effective()
            )
        })?;
        let owner = if Uid::effective().is_root() { unprivileged_user()? } else { me.clone() };
        let folder = cluster_folder(data, &owner)?;
        let cluster =
            Self { binaries: find_binaries(&folder)?, socket: socket_folder(&folder), folder, owner, me };
        cluster.make_folders()?;
        if !cluster.folder.join("data/PG_VERSION").exists() {
            cluster.initialise().await?;
        }
        cluster.stop_leftover().await?;
        Ok(cluster)
    }

    /// The URL of the cluster's database.
    pub(super) fn url(&self) -> String {
        url(&self.socket)
    }

    /// The server process.
    pub(super) fn into_part(self, log: &Path) -> Part {
        Part {
            name: "postgres",
            command: Box::new(move || self.server()),
            log: log.to_owned(),
            // "Fast shutdown": ends sessions, writes a checkpoint, leaves.
            stop_signal: Signal::SIGINT,
            grace: Duration::from_secs(60),
            final_codes: &[],
        }
    }

    fn server(&self) -> Command {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.folder.join("data"));
        command.arg("-c").arg(socket_setting(&self.socket));
        let port = format!("port={PORT}");
        let settings = [
            "listen_addresses=",
            &port,
            "unix_socket_permissions=0700",
            "fsync=on",
            "synchronous_commit=on",
            "full_page_writes=on",
            "shared_buffers=128MB",
            "max_connections=60",
            "timezone=UTC",
        ];
        for setting in settings {
            command.arg("-c").arg(setting);
        }
        command
    }

    async fn initialise(&self) -> anyhow::Result<()> {
        let draft = self.folder.join("data.new");
        let mut made = self.initdb(&draft, "C.UTF-8").await?;
        // Hosts with an old or a bare C library lack that locale. Pedigree sorts by bytes, which any has.
        if !made.status.success() && String::from_utf8_lossy(&made.stderr).contains("locale") {
            tracing::info!("this host has no locale C.UTF-8; the cluster gets C");
            made = self.initdb(&draft, "C").await?;
        }
        if !made.status.success() {
            bail!("initdb failed ({}):\n{}", made.status, String::from_utf8_lossy(&made.stderr).trim());
        }
        std::fs::write(draft.join("pg_hba.conf"), "local all all peer map=pedigree\n")?;
        let mut users = vec![&self.owner.name, &self.me.name];
        users.dedup();
        let idents: String = users.iter().map(|user| format!("pedigree {user} {ROLE}\n")).collect();
        std::fs::write(draft.join("pg_ident.conf"), idents)?;
        // The rename makes it all-or-nothing: a kill in between leaves only a draft.
        std::fs::rename(&draft, self.folder.join("data"))?;
        Ok(())
    }

    /// Makes a data directory in `draft`, which is emptied first. Its encoding is UTF-8 in any locale.
    async fn initdb(&self, draft: &Path, locale: &str) -> anyhow::Result<Output> {
        if draft.exists() {
            std::fs::remove_dir_all(draft)?;
        }
        let mut initdb = self.command("initdb");
        initdb.arg("-D").arg(draft).args(["-U", ROLE, "--auth-local=peer", "--auth-host=scram-sha-256"]);
        initdb.args(["-E", "UTF8", &format!("--locale={locale}"), "--data-checksums"]);
        initdb.output().await.context("cannot run initdb")
    }

    /// `pg_ctl stop` is silent about a lock file whose process is gone, and waits for one that is alive.
    async fn stop_leftover(&self) -> anyhow::Result<()> {
        if !self.folder.join("data/postmaster.pid").exists() {
            return Ok(());
        }
        let mut stop = self.command("pg_ctl");
        stop.arg("-D").arg(self.folder.join("data")).args(["-m", "fast", "-w", "-t", "60", "stop"]);
        let stopped = stop.output().await.context("cannot run pg_ctl")?;
        tracing::debug!("pg_ctl stop: {}", String::from_utf8_lossy(&stopped.stdout).trim());
        Ok(())
    }

    fn make_folders(&self) -> anyhow::Result<()> {
        for (folder, mode) in [(&self.folder, 0o711), (&self.socket, 0o700)] {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            if self.owner != self.me {
                nix::unistd::chown(folder, Some(self.owner.uid), Some(self.owner.gid))?;
            }
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode))?;
        }
        Ok(())
    }

    /// One of the server's programs, as the cluster's owner, with a bare environment.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.join(program));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8").env("HOME", &self.folder);
        command.current_dir(&self.folder).stdin(Stdio::null());
        if self.owner != self.me {
            // Setting the user as root also drops root's supplementary groups.
            command.uid(self.owner.uid.as_raw()).gid(self.owner.gid.as_raw());
        }
        command
    }
}

/// The folder of the server's programs that a new cluster would use.
pub(crate) fn server_binaries() -> anyhow::Result<PathBuf> {
    find_binaries(Path::new(""))
}

/// The URL of a cluster's database. It says everything, so that no `PGHOST`, `PGPORT` or `PGSSLMODE` adds to it.
fn url(socket: &Path) -> String {
    /// Besides these, what means something in a URL is encoded.
    const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'_').remove(b'-');
    let host = percent_encode(socket.as_os_str().as_bytes(), PLAIN);
    format!("postgres://{ROLE}@localhost:{PORT}/postgres?host={host}&port={PORT}&sslmode=disable")
}

/// The setting that names the socket's folder. It holds a list with commas, whose entries may stand in quotes.
fn socket_setting(socket: &Path) -> OsString {
    let mut setting = b"unix_socket_directories=\"".to_vec();
    for byte in socket.as_os_str().as_bytes() {
        setting.extend(std::iter::repeat_n(*byte, if *byte == b'"' { 2 } else { 1 }));
    }
    setting.push(b'"');
    OsString::from_vec(setting)
}

fn unprivileged_user() -> anyhow::Result<User> {
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name)? {
            return Ok(user);
        }
    }
    bail!(
        "Postgres does not run as root, and there is no user `postgres` or `nobody`; add one, or run as a plain user"
    )
}

/// The cluster's folder: in the data folder, unless its owner cannot reach that (a folder under root's home).
fn cluster_folder(data: &Path, owner: &User) -> anyhow::Result<PathBuf> {
    let reachable = data.ancestors().all(|folder| {
        owner.uid == Uid::effective()
            || std::fs::metadata(folder).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0)
    });
    if reachable {
        return Ok(data.join("postgres"));
    }
    let folder = Path::new(ROOT_CLUSTERS).join(short_hash(data));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // A strict umask of root's keeps the cluster's owner out.
    let mode = std::fs::metadata(ROOT_CLUSTERS)?.permissions().mode();
    std::fs::set_permissions(ROOT_CLUSTERS, std::fs::Permissions::from_mode(mode | 0o011))?;
    std::fs::write(data.join("postgres-is-elsewhere.txt"), format!("{}\n", folder.display()))?;
    Ok(folder)
}

fn socket_folder(cluster: &Path) -> PathBuf {
    let beside = cluster.join("run");
    if beside.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
        beside
    } else {
        Path::new("/tmp").join(format!("pedigree-{}", short_hash(cluster)))
    }
}

fn short_hash(path: &Path) -> String {
    hex::encode(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..8])
}

/// `PG_BIN`, else the newest (or, for an existing cluster, the matching) version under /usr/lib/postgresql, else what
/// `pg_config` names.
fn find_binaries(cluster: &Path) -> anyhow::Result<PathBuf> {
    let wanted = std::fs::read_to_string(cluster.join("data/PG_VERSION")).ok().map(|v| v.trim().to_owned());
    let mut candidates: Vec<PathBuf> = std::env::var_os("PG_BIN").map(PathBuf::from).into_iter().collect();
    candidates.extend(installed_versions(wanted.as_deref()));
    candidates.extend(pg_config());
    candidates.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file()).with_context(
        || {
            let version = wanted.map_or(String::new(), |v| format!(" of version {v}, which made this cluster"));
            format!(
                "no PostgreSQL server binaries{version} found; install them (Debian: apt-get install postgresql), set \
                 PG_BIN to their folder, or give --database-url"
            )
        },
    )
}

fn installed_versions(wanted: Option<&str>) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(version, _): &(u32, PathBuf)| wanted.is_none_or(|wanted| wanted == version.to_string()))
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, folder)| folder).collect()
}

fn pg_config() -> Option<PathBuf> {
    let answer = std::process::Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = String::from_utf8(answer.stdout).ok()?;
    Some(PathBuf::from(folder.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_and_the_socket_of_a_cluster_survive_an_odd_folder() {
        let odd = Path::new("/a +#&,%25'\"ü/run");
        let url = url(odd);
        let encoded = "/a%20%2B%23%26%2C%2525%27%22%C3%BC/run";
        assert_eq!(
            url,
            format!("postgres://pedigree@localhost:5432/postgres?host={encoded}&port=5432&sslmode=disable")
        );
        assert_eq!(socket_setting(odd), OsString::from("unix_socket_directories=\"/a +#&,%25'\"\"ü/run\""));
    }
}
