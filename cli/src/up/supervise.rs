//! Keeps one process alive: starts it, restarts it when it ends by itself, and stops it on request.
//!
//! Each part runs in its own process group, so that a Ctrl-C in the terminal reaches only `up`, and holds one end of
//! a pipe as its stdin: when `up` itself dies, the part reads the end of file and leaves.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::record::Record;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A part that has run this long counts as started: the pause before its next restart is short again.
const SETTLED: Duration = Duration::from_secs(30);

/// A process to keep alive.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) command: Box<dyn Fn() -> Command + Send + Sync>,
    pub(super) log: PathBuf,
    pub(super) stop_signal: Signal,
    /// How long after the stop signal it gets SIGKILL.
    pub(super) grace: Duration,
    /// Exit codes after which another start would end the same way.
    pub(super) final_codes: &'static [u8],
}

/// A part that is being kept alive.
pub(super) struct Kept {
    name: &'static str,
    log: PathBuf,
    stop: CancellationToken,
    failed_starts: Arc<AtomicU32>,
    task: JoinHandle<()>,
}

impl Part {
    pub(super) fn keep(self, record: Record) -> Kept {
        let stop = CancellationToken::new();
        let failed_starts = Arc::new(AtomicU32::new(0));
        let (name, log) = (self.name, self.log.clone());
        let task = tokio::spawn(self.run(record, stop.clone(), Arc::clone(&failed_starts)));
        Kept { name, log, stop, failed_starts, task }
    }

    async fn run(self, record: Record, stop: CancellationToken, failed_starts: Arc<AtomicU32>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            match self.spawn() {
                Ok(mut child) => {
                    // Held until the part has ended: `wait` would close the child's own handle at once.
                    let _pipe = child.stdin.take();
                    record.set_process(self.name, child.id());
                    let status = tokio::select! {
                        status = child.wait() => status,
                        () = stop.cancelled() => return self.end(child).await,
                    };
                    record.set_process(self.name, None);
                    if self.is_final(&status) {
                        return self.leave(&status);
                    }
                    tracing::warn!("{} ended ({}); starting it again", self.name, describe(&status));
                }
                Err(error) => tracing::warn!("{error:#}"),
            }
            failed_starts.fetch_add(1, Ordering::Relaxed);
            pause = if began.elapsed() > SETTLED { FIRST_PAUSE } else { pause };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn is_final(&self, status: &io::Result<ExitStatus>) -> bool {
        let code = status.as_ref().ok().and_then(ExitStatus::code);
        code.is_some_and(|code| self.final_codes.iter().any(|known| i32::from(*known) == code))
    }

    /// Says why a part stays ended.
    fn leave(&self, status: &io::Result<ExitStatus>) {
        let (name, log) = (self.name, self.log.display());
        tracing::error!("the {name} ended ({}) and is not started again: {log} says why", describe(status));
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.with_context(|| format!("cannot write {}", self.log.display()))?;
        let mut command = (self.command)();
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log).process_group(0);
        command.spawn().with_context(|| format!("cannot start the {}", self.name))
    }

    async fn end(&self, mut child: Child) {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw);
        if let Some(pid) = pid
            && let Err(error) = kill(pid, self.stop_signal)
        {
            tracing::warn!("cannot signal the {}: {error}", self.name);
        }
        if tokio::time::timeout(self.grace, child.wait()).await.is_err() {
            tracing::warn!("the {} did not stop within {} s; killing it", self.name, self.grace.as_secs());
            if let Err(error) = child.kill().await {
                tracing::warn!("cannot kill the {}: {error}", self.name);
            }
        }
    }
}

impl Kept {
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// How often the process has ended or failed to start.
    pub(super) fn failed_starts(&self) -> u32 {
        self.failed_starts.load(Ordering::Relaxed)
    }

    /// Ends the process for good.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::warn!("the task that keeps the {} failed: {error}", self.name);
        }
    }
}

fn describe(status: &io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}
