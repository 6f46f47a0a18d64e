//! The worker's end: when it begins, and how long it may take.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long a draining worker may take to hand over its attempts, from the signal on.
const DRAIN_LIMIT: Duration = Duration::from_secs(9);

/// The worker's end, in two steps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Drain {
    /// Nothing is claimed any more; trainers are stopped and their attempts handed back.
    pub(crate) begun: CancellationToken,
    /// Whatever could not be told by now is left to the next worker, or to the lease's end.
    pub(crate) overdue: CancellationToken,
}

impl Drain {
    /// Begins the drain at `shutdown`, or at the instant `ends`.
    pub(crate) async fn begin_after(self, shutdown: impl Future<Output = ()>, ends: Option<Instant>) {
        tokio::select! {
            () = shutdown => self.begun.cancel(),
            () = at(ends) => {
                tracing::info!("the walltime is nearly over");
                self.begun.cancel();
            }
            () = self.begun.cancelled() => {}
        }
        tracing::info!("draining: the attempts in progress are handed back");
        sleep(DRAIN_LIMIT).await;
        self.overdue.cancel();
    }
}

/// The end of a walltime that is kept for handing over the attempts; at most a tenth of the walltime.
const HANDING_OVER: Duration = Duration::from_secs(60);

/// When a worker with this walltime, started now, stops.
pub(crate) fn end_of(walltime: Duration) -> Instant {
    Instant::now() + walltime.saturating_sub(HANDING_OVER.min(walltime / 10))
}

async fn at(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}
