//! Asks NVML without waiting for it for ever: it blocks, and hangs when its driver does.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use super::probe::GpuProbe;

/// How long an answer is waited for.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// Asks one question at a time, so that at most one thread hangs with the driver. The thread is not one of the runtime's:
/// the runtime would wait for it at its end.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    probe: Arc<dyn GpuProbe>,
    turn: Arc<Semaphore>,
}

impl Asker {
    pub(crate) fn new(probe: Arc<dyn GpuProbe>) -> Self {
        Self { probe, turn: Arc::new(Semaphore::new(1)) }
    }

    /// The answer, if there is one in time.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn GpuProbe) -> T + Send + 'static,
    ) -> Option<T> {
        timeout(ANSWER_LIMIT, self.answer(question)).await.ok().flatten()
    }

    async fn answer<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn GpuProbe) -> T + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.turn).acquire_owned().await.ok()?;
        let (tell, told) = oneshot::channel();
        let probe = Arc::clone(&self.probe);
        let asked = thread::Builder::new().name("nvml".into()).spawn(move || {
            // Nobody listens any more where it took too long.
            let _told = tell.send(question(probe.as_ref()));
            drop(turn);
        });
        asked.ok()?;
        told.await.ok()
    }
}
