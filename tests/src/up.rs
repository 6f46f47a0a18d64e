//! A running `pedigree up` and the command line beside it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pedigree_protocol::RunId;
use pedigree_protocol::client::Client;
use serde_json::Value;
use tempfile::TempDir;

use crate::processes::{children_of, kill_nine};

/// The root of the workspace.
pub fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace exists")
}

/// The `pedigree` binary that the test runner's set-up has built.
///
/// # Panics
/// When it is not there.
pub fn binary() -> PathBuf {
    built("pedigree")
}

/// A program of the workspace.
///
/// # Panics
/// When it is not there.
pub fn built(program: &str) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace_root().join("target"), PathBuf::from);
    let binary = target.join("debug").join(program);
    let build = "cargo build -p pedigree-cli -p pedigree-tests";
    assert!(binary.is_file(), "{} is missing; build it: {build}", binary.display());
    binary
}

/// A `pedigree up` of a test. Dropping it kills it and everything below it.
#[derive(Debug)]
pub struct Up {
    folder: TempDir,
    surroundings: Surroundings,
    arguments: Vec<String>,
    child: Child,
}

/// Where a `pedigree up` is started.
#[derive(Debug)]
pub struct Surroundings {
    /// Name of the data folder.
    pub data: &'static str,
    /// The umask, in octal digits.
    pub umask: &'static str,
    /// Variables that are set, or unset, beside those of the test.
    pub variables: Vec<(&'static str, Option<String>)>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self { data: "data", umask: "022", variables: Vec::new() }
    }
}

impl Up {
    /// Starts `pedigree up` in a fresh folder and waits until it is up.
    pub async fn start(cpu_slots: usize, lease_ttl: u32) -> Self {
        Self::start_amid(Surroundings::default(), cpu_slots, lease_ttl).await
    }

    /// Starts it in surroundings of the test's own; the command line beside it finds itself in the same.
    pub async fn start_amid(surroundings: Surroundings, cpu_slots: usize, lease_ttl: u32) -> Self {
        let folder = tempfile::Builder::new().prefix("pedigree-it-").tempdir().expect("a temporary folder");
        // Run as root, Postgres belongs to another user, who must be able to pass through.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).expect("own folder");
        let arguments = ["--cpu-slots", &cpu_slots.to_string(), "--lease-ttl", &lease_ttl.to_string()];
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let child = spawn(folder.path(), &surroundings, &arguments);
        let mut up = Self { folder, surroundings, arguments, child };
        up.wait_until_up().await;
        up
    }

    /// Starts it again in the same folder, after [`Up::interrupt`] or [`Up::kill`].
    pub async fn start_again(&mut self) {
        self.child = spawn(self.folder.path(), &self.surroundings, &self.arguments);
        self.wait_until_up().await;
    }

    /// Ctrl-C, and the wait for its end; whether it ended with success.
    pub async fn interrupt(&mut self) -> bool {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id fits"));
        kill(pid, Signal::SIGINT).expect("up runs");
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = self.child.try_wait().expect("own child") {
                return status.success();
            }
            assert!(Instant::now() < deadline, "up does not stop; its log:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// SIGKILL to `up` itself; its parts are left to notice.
    pub fn kill(&mut self) {
        kill_nine(self.child.id());
        self.child.wait().expect("own child");
        std::fs::remove_file(self.data().join("up.json")).expect("a killed up leaves its record");
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join(self.surroundings.data)
    }

    /// A scratch path beside the data folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What stands in `up.json`.
    pub fn record(&self) -> Value {
        let text = std::fs::read_to_string(self.data().join("up.json")).expect("up is up");
        serde_json::from_str(&text).expect("up.json is JSON")
    }

    /// Process id of a part (`postgres`, `coordinator`, `worker`), while it has one.
    pub fn process(&self, part: &str) -> Option<u32> {
        self.record()["processes"][part].as_u64().and_then(|pid| u32::try_from(pid).ok())
    }

    /// The database of the private cluster, as its coordinator was told.
    pub fn database_url(&self) -> String {
        let coordinator = self.process("coordinator").expect("the coordinator runs");
        let environment = std::fs::read(format!("/proc/{coordinator}/environ")).expect("own process");
        let variables = String::from_utf8_lossy(&environment);
        let url = variables.split('\0').find_map(|variable| variable.strip_prefix("DATABASE_URL="));
        url.expect("the coordinator has a database").to_owned()
    }

    /// Process ids of the trainers at work.
    pub fn trainers(&self) -> Vec<u32> {
        self.process("worker").map_or_else(Vec::new, |worker| children_of(worker, "--supervised"))
    }

    /// The checkpoint files that the coordinator holds of a run.
    pub fn checkpoints(&self, run: RunId) -> Vec<PathBuf> {
        let mut found = Vec::new();
        files_below(&self.data(), &format!("checkpoints/{run}/"), &mut found);
        found
    }

    /// A client with the server's token.
    pub fn client(&self) -> Client {
        let record = self.record();
        let text = |key: &str| record[key].as_str().expect("a text").to_owned();
        Client::new(&text("url"), Some(text("token").into()))
    }

    /// Runs the binary against this server.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        program(&self.surroundings)
            .args(arguments)
            .env("PEDIGREE_DATA", self.data())
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs")
    }

    /// Runs the binary with `--json` and returns the one document that it prints.
    ///
    /// # Panics
    /// When it fails or prints anything else on stdout.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.cli(&[arguments, &["--json"]].concat());
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let log = || self.log();
        assert!(output.status.success(), "pedigree {arguments:?} failed: {stderr}{stdout}{}", log());
        serde_json::from_str(&stdout).unwrap_or_else(|error| {
            panic!("pedigree {arguments:?} --json printed no single document ({error}): {stdout}")
        })
    }

    /// The logs of all parts, for messages.
    pub fn log(&self) -> String {
        ["postgres", "coordinator", "worker"]
            .iter()
            .map(|part| {
                let file = self.data().join(format!("logs/{part}.log"));
                let text = std::fs::read_to_string(file).unwrap_or_default();
                let lines: Vec<&str> = text.lines().collect();
                format!("--- {part}\n{}\n", lines[lines.len().saturating_sub(30)..].join("\n"))
            })
            .collect()
    }

    async fn wait_until_up(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(90);
        while !self.data().join("up.json").is_file() {
            if let Some(status) = self.child.try_wait().expect("own child") {
                panic!("up ended with {status}; its log:\n{}", self.log());
            }
            assert!(Instant::now() < deadline, "up is not up; its log:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let postgres = std::fs::read_to_string(self.data().join("postgres/data/postmaster.pid"));
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            kill_nine(self.child.id());
            let _ = self.child.wait();
        }
        // The parts leave when `up` is gone, but for Postgres, which knows nothing of us.
        let pid = postgres.ok().and_then(|text| text.lines().next()?.trim().parse().ok());
        if let Some(pid) = pid {
            let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
        }
    }
}

fn files_below(folder: &Path, part: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_below(&path, part, found);
        } else if path.to_string_lossy().contains(part) {
            found.push(path);
        }
    }
}

/// The binary in these surroundings.
fn program(surroundings: &Surroundings) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("umask {}; exec \"$0\" \"$@\"", surroundings.umask)]).arg(binary());
    command.env_remove("DATABASE_URL").env_remove("PEDIGREE_SERVER");
    for (name, value) in &surroundings.variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

fn spawn(folder: &Path, surroundings: &Surroundings, arguments: &[String]) -> Child {
    program(surroundings)
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.join(surroundings.data))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the binary starts")
}
