//! The restart of the coordinator in the middle: SIGKILL, after which it is started again.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A restart that is due, or was.
#[derive(Debug)]
pub(super) struct Restart {
    /// First attempts after which the coordinator is killed.
    pub(super) due: u64,
    /// Process of the coordinator, until it is killed.
    pub(super) coordinator: Option<u64>,
}

impl Restart {
    /// Kills the coordinator when its time has come, while the next requests are on their way.
    pub(super) async fn after(&mut self, first_attempts: u64) {
        if first_attempts < self.due {
            return;
        }
        let Some(pid) = self.coordinator.take().and_then(|pid| i32::try_from(pid).ok()) else { return };
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(3)).await;
            if let Err(error) = kill(Pid::from_raw(pid), Signal::SIGKILL) {
                tracing::warn!("cannot kill the coordinator: {error}");
            }
        });
    }
}
