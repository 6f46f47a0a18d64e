//! A trainer as a child process in a group of its own.
//!
//! Owns its start, its pipes and its death: the group never outlives this value. Must not know leases, nor what the
//! events mean.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use pedigree_trainer_core::{StdinMessage, TrainerEvent};
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Events that may wait to be taken; the trainer waits in turn when its reader is slow.
const EVENTS_AHEAD: usize = 64;

/// A running trainer.
#[derive(Debug)]
pub(crate) struct TrainerProcess {
    child: Child,
    group: Pid,
    /// Kept open while the trainer may live: its end tells a supervised trainer that the worker is gone.
    stdin: Option<ChildStdin>,
    events: mpsc::Receiver<TrainerEvent>,
    status: Option<ExitStatus>,
}

impl TrainerProcess {
    /// Starts a trainer whose stderr goes to the file `log`.
    pub(crate) async fn start(mut command: Command, log: &Path) -> io::Result<Self> {
        let log = File::options().create(true).append(true).open(log).await?;
        let stderr = log.try_clone().await?.into_std().await;
        let mut child = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()?;
        let started = (child.id(), child.stdin.take(), child.stdout.take());
        let (Some(pid), Some(stdin), Some(stdout)) = started else {
            return Err(io::Error::other("a started child lacks its pid or its pipes"));
        };
        let (send, events) = mpsc::channel(EVENTS_AHEAD);
        tokio::spawn(read_events(stdout, log, send));
        Ok(Self { child, group: Pid::from_raw(pid.cast_signed()), stdin: Some(stdin), events, status: None })
    }

    /// Its process id, which is also that of its group.
    pub(crate) fn pid(&self) -> u32 {
        self.group.as_raw().unsigned_abs()
    }

    /// The next event; `None` once the trainer has closed its stdout or has ended, and all events were taken.
    pub(crate) async fn next_event(&mut self) -> Option<TrainerEvent> {
        while self.status.is_none() {
            tokio::select! {
                biased;
                event = self.events.recv() => return event,
                status = self.child.wait() => self.has_ended(status.ok()?),
            }
        }
        self.events.recv().await
    }

    /// Waits for the end.
    pub(crate) async fn exit(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        let status = self.child.wait().await?;
        self.has_ended(status);
        Ok(status)
    }

    /// Says something to the trainer. One that has ended does not hear it; its exit status tells.
    pub(crate) async fn say(&mut self, message: &StdinMessage) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        match &mut self.stdin {
            Some(stdin) => stdin.write_all(&line).await,
            None => Ok(()),
        }
    }

    /// Ends the trainer: SIGTERM, then SIGKILL after `grace`; at once without one. Returns when it has been reaped.
    pub(crate) async fn stop(&mut self, grace: Duration) {
        if self.status.is_some() {
            return;
        }
        self.stdin = None;
        if !grace.is_zero() {
            self.signal(Signal::SIGTERM);
            if timeout(grace, self.exit()).await.is_ok() {
                return;
            }
            tracing::warn!(grace_ms = grace.as_millis(), "the trainer ignored SIGTERM and is killed");
        }
        self.signal(Signal::SIGKILL);
        if let Err(error) = self.exit().await {
            tracing::error!(%error, "a killed trainer could not be reaped");
        }
    }

    /// Ends the rest of the group: a process that the leader left running would hold the pipes and the device.
    fn has_ended(&mut self, status: ExitStatus) {
        self.status = Some(status);
        self.stdin = None;
        self.signal(Signal::SIGKILL);
    }

    fn signal(&self, signal: Signal) {
        // Fails only when nobody is left in the group.
        let _gone = killpg(self.group, signal);
    }
}

impl Drop for TrainerProcess {
    fn drop(&mut self) {
        if self.status.is_none() {
            self.signal(Signal::SIGKILL);
        }
    }
}

/// Forwards the events among a trainer's lines; any other line belongs to its log.
async fn read_events(stdout: ChildStdout, mut log: File, events: mpsc::Sender<TrainerEvent>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    while matches!(stdout.read_until(b'\n', &mut line).await, Ok(1..)) {
        match serde_json::from_slice(&line) {
            Ok(event) => {
                if events.send(event).await.is_err() {
                    return;
                }
            }
            Err(_) => {
                if let Err(error) = log.write_all(&line).await {
                    tracing::warn!(%error, "a line of the trainer could not be logged");
                }
            }
        }
        line.clear();
    }
    // tokio's files write behind: without this the last lines may be lost.
    let _unwritten = log.flush().await;
}

#[cfg(test)]
#[path = "trainer_process_tests.rs"]
mod tests;
