//! Tasks that serve everybody as long as the coordinator runs: one that panics is started again.
//!
//! Owns which of them has fallen, which `/readyz` tells. Must not know what a task does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::wall::{self, Place};

/// The pause before a fallen task is started again; it doubles with each fall that comes soon after the last one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A task that has run this long since it was started again has recovered.
const RECOVERED: Duration = Duration::from_secs(600);

/// The tasks that have fallen, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks(Arc<Mutex<BTreeMap<&'static str, Falls>>>);

#[derive(Debug, Clone, Copy)]
struct Falls {
    count: u32,
    last: Instant,
    is_down: bool,
}

impl Tasks {
    /// Starts a task. One that returns has ended; one that panics is started again.
    pub(crate) fn spawn<F>(
        &self,
        tracker: &TaskTracker,
        name: &'static str,
        stop: CancellationToken,
        task: impl Fn() -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let tasks = self.clone();
        tracker.spawn(async move {
            while wall::guard_async(Place::Upkeep, task()).await.is_err() {
                let pause = tasks.fell(name);
                tracing::error!(
                    task = name,
                    pause_s = pause.as_secs(),
                    "a task has ended by a fault; it is started again"
                );
                if stop.run_until_cancelled(sleep(pause)).await.is_none() {
                    return;
                }
                tasks.is_up(name);
            }
        });
    }

    /// Notes a fall; answers the pause before the next start.
    fn fell(&self, name: &'static str) -> Duration {
        let now = Instant::now();
        let mut all = self.all();
        let falls = all.entry(name).or_insert(Falls { count: 0, last: now, is_down: true });
        let is_recovered = now.duration_since(falls.last) > RECOVERED;
        *falls = Falls { count: if is_recovered { 1 } else { falls.count + 1 }, last: now, is_down: true };
        FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(falls.count - 1)).min(LONGEST_PAUSE)
    }

    fn is_up(&self, name: &'static str) {
        if let Some(falls) = self.all().get_mut(name) {
            falls.is_down = false;
        }
    }

    /// What `/readyz` says of tasks that fell not long ago; `Err` while one of them is down.
    pub(crate) fn standing(&self) -> Result<String, String> {
        self.standing_at(Instant::now())
    }

    fn standing_at(&self, now: Instant) -> Result<String, String> {
        let mut said = String::new();
        let mut one_is_down = false;
        for (name, falls) in self.all().iter() {
            let ago = now.duration_since(falls.last);
            if falls.is_down {
                one_is_down = true;
                let _ = write!(said, "; {name} has ended by a fault and is started again soon");
            } else if ago <= RECOVERED {
                let _ = write!(said, "; {name} was started again after a fault, {} s ago", ago.as_secs());
            }
        }
        if one_is_down { Err(said) } else { Ok(said) }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<&'static str, Falls>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_started_again_and_readiness_says_so() {
        let (tasks, tracker, stop) = (Tasks::default(), TaskTracker::new(), CancellationToken::new());
        let (starts, second) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let (counted, here, ending) = (Arc::clone(&starts), Arc::clone(&second), stop.clone());
        assert_eq!(tasks.standing(), Ok(String::new()));
        tasks.spawn(&tracker, "upkeep", stop.clone(), move || {
            let (start, here, ending) =
                (counted.fetch_add(1, Ordering::SeqCst), Arc::clone(&here), ending.clone());
            async move {
                assert!(start > 0, "planted");
                here.notify_one();
                ending.cancelled().await;
            }
        });
        while tasks.standing().is_ok() {
            tokio::task::yield_now().await;
        }
        assert_eq!(tasks.standing().unwrap_err(), "; upkeep has ended by a fault and is started again soon");
        timeout(Duration::from_secs(10), second.notified()).await.expect("it is started again");
        assert_eq!(tasks.standing().unwrap(), "; upkeep was started again after a fault, 1 s ago");
        assert_eq!(tasks.standing_at(Instant::now() + 2 * RECOVERED), Ok(String::new()));
        stop.cancel();
        tracker.close();
        tracker.wait().await;
        assert_eq!(starts.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn the_pause_doubles_with_each_fall() {
        let tasks = Tasks::default();
        let pauses: Vec<u64> = (0..8).map(|_| tasks.fell("upkeep").as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
