//! A process that is killed, frozen and started again.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::processes::signal;

/// How long a process that was asked to end may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// One process, by the command that starts it.
pub(super) struct Service {
    pub(super) name: String,
    command: Box<dyn Fn() -> Command + Send + Sync>,
    log: PathBuf,
    child: Option<Child>,
    /// It was told to end, and may.
    is_ending: bool,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", &self.name)
            .field("child", &self.child)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// Starts the process; its output goes to `log`.
    pub(super) fn start(
        name: impl Into<String>,
        log: PathBuf,
        command: impl Fn() -> Command + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let mut this =
            Self { name: name.into(), command: Box::new(command), log, child: None, is_ending: false };
        this.start_again()?;
        Ok(this)
    }

    /// Starts it, unless it runs.
    pub(super) fn start_again(&mut self) -> anyhow::Result<()> {
        if self.child.is_none() {
            let log = File::options().create(true).append(true).open(&self.log)?;
            let mut command = (self.command)();
            command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
            self.child = Some(command.spawn()?);
            self.is_ending = false;
        }
        Ok(())
    }

    /// Its process id, while it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// How it ended, when nobody had asked it to; it is started again then.
    pub(super) fn ended_by_itself(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        let Some(child) = self.child.as_mut().filter(|_| !self.is_ending) else { return Ok(None) };
        let Some(status) = child.try_wait()? else { return Ok(None) };
        self.child = None;
        self.start_again()?;
        Ok(Some(status))
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Sends a signal.
    pub(super) fn signal(&self, what: Signal) {
        if let Some(pid) = self.pid() {
            signal(pid, what);
        }
    }

    /// SIGTERM.
    pub(super) fn terminate(&mut self) {
        self.is_ending = true;
        self.signal(Signal::SIGTERM);
    }

    /// Waits until a process that was asked to end has ended.
    pub(super) async fn until_ended(&mut self) -> anyhow::Result<ExitStatus> {
        let mut child = self.child.take().ok_or_else(|| anyhow::anyhow!("{} does not run", self.name))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                child.kill()?;
                child.wait()?;
                anyhow::bail!("{} did not end within {PATIENCE:?} of SIGTERM", self.name);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The file that it logs to.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // A process that is stopped cannot be anything but killed; its trainers see the end of their pipe.
        let _ = self.kill();
    }
}
