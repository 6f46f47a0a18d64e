//! The trainer as a child process: events as JSON lines on stdout, messages as JSON lines on stdin, log on stderr.
//! After SIGTERM or SIGINT it keeps its progress and ends.
//!
//! Owns the pipes and the exit code. Must not know what a training does.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::inference::{self, InferenceError};
use crate::{
    DaptJob, ExitReason, Interrupted, StdinMessage, Supervisor, TestJob, TrainError, TrainJob, TrainerEvent,
    dapt, train,
};

/// How long an interrupted training may take to keep its progress and stop. After that the process ends, and the last
/// checkpoint counts.
const GRACE: Duration = Duration::from_secs(4);
/// How often a wait for stdin checks whether it should end.
const LOOK: Duration = Duration::from_millis(100);

/// A flag that SIGTERM and SIGINT set, for a training at a terminal or under a scheduler. If the training has not stopped
/// four seconds later, the process exits with the code of [`ExitReason::Interrupted`].
///
/// # Errors
/// The system refuses the signal handlers.
pub fn stop_on_signals() -> std::io::Result<Arc<AtomicBool>> {
    let stopping = Arc::new(AtomicBool::new(false));
    listen_to_signals(Arc::clone(&stopping))?;
    Ok(stopping)
}

fn listen_to_signals(stopping: Arc<AtomicBool>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            stop(&stopping);
        }
    });
    Ok(())
}

/// Asks the training to stop, and ends the process if it does not stop in time.
fn stop(stopping: &AtomicBool) {
    stopping.store(true, Ordering::Relaxed);
    std::thread::sleep(GRACE);
    std::process::exit(i32::from(ExitReason::Interrupted.code()));
}

/// Reads the job file, trains, writes events on stdout and a log on stderr, and returns the reason for the exit code.
///
/// With `supervised` the end of stdin means that the supervisor is gone. Training is then interrupted; if it has not
/// stopped after four seconds, the process exits with the code of [`ExitReason::Interrupted`].
pub fn run_process(job_path: &Path, supervised: bool) -> ExitReason {
    run(supervised, |pipes| {
        let job = TrainJob::read(job_path).map_err(TrainError::from)?;
        Ok(TrainerEvent::Finished(train(&job, pipes)?))
    })
}

/// [`run_process`] for the job file of a domain-adaptive pretraining.
pub fn run_dapt_process(job_path: &Path, supervised: bool) -> ExitReason {
    run(supervised, |pipes| {
        let job = DaptJob::read(job_path).map_err(TrainError::from)?;
        Ok(TrainerEvent::Adapted(dapt(&job, pipes)?))
    })
}

/// [`run_process`] for the job file of a test run.
pub fn run_test_process(job_path: &Path, supervised: bool) -> ExitReason {
    run(supervised, |pipes| {
        let job = TestJob::read(job_path).map_err(TrainError::from)?;
        Ok(TrainerEvent::Tested(inference::test(&job, pipes)?))
    })
}

/// Why a process ends without a result.
struct Fault {
    reason: ExitReason,
    message: String,
}

impl From<TrainError> for Fault {
    fn from(error: TrainError) -> Self {
        Self { reason: error.reason(), message: error.to_string() }
    }
}

impl From<InferenceError> for Fault {
    fn from(error: InferenceError) -> Self {
        Self { reason: error.reason(), message: error.to_string() }
    }
}

/// Opens the pipes and does `work`. Its result is the last event.
fn run(supervised: bool, work: impl FnOnce(&mut Pipes) -> Result<TrainerEvent, Fault>) -> ExitReason {
    let stopping = Arc::new(AtomicBool::new(false));
    let (sender, messages) = channel();
    listen(sender, supervised, Arc::clone(&stopping));
    if let Err(error) = listen_to_signals(Arc::clone(&stopping)) {
        log(&format!("warning: SIGTERM will end this training without a checkpoint: {error}"));
    }
    let mut pipes = Pipes { messages: Mutex::new(messages), stopping };
    match work(&mut pipes) {
        Ok(result) => {
            pipes.event(result);
            ExitReason::Done
        }
        Err(Fault { reason, message }) => {
            pipes.event(TrainerEvent::Failed { reason, message });
            reason
        }
    }
}

/// Reads stdin on a thread of its own; the thread ends with stdin or with the process.
fn listen(sender: Sender<StdinMessage>, supervised: bool, stopping: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            match serde_json::from_str(&line) {
                Ok(message) => {
                    // The training may be past the point where it listens.
                    let _ = sender.send(message);
                }
                Err(error) => log(&format!("stdin: {line:?} is no message: {error}")),
            }
        }
        drop(sender);
        if supervised {
            stop(&stopping);
        }
    });
}

/// A line of the human log.
fn log(line: &str) {
    // Without a stderr nobody reads the log.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

struct Pipes {
    messages: Mutex<Receiver<StdinMessage>>,
    stopping: Arc<AtomicBool>,
}

impl Supervisor for Pipes {
    fn event(&mut self, event: TrainerEvent) {
        let mut out = std::io::stdout().lock();
        let written = serde_json::to_writer(&mut out, &event)
            .map_err(std::io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| out.flush());
        // A closed stdout means that nobody waits for the result any more.
        if written.is_err() {
            self.stopping.store(true, Ordering::Relaxed);
        }
    }

    fn log(&mut self, line: &str) {
        log(line);
    }

    fn test_split(&mut self) -> Result<PathBuf, Interrupted> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match messages.recv_timeout(LOOK) {
                Ok(StdinMessage::Test(path)) => return Ok(path),
                Err(RecvTimeoutError::Timeout) if !self.interrupted() => {}
                Err(_) => return Err(Interrupted),
            }
        }
    }

    fn interrupted(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
