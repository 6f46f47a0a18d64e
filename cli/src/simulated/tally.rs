//! What the simulated workers were told: latencies, and everything that the coordinator acknowledged.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pedigree_protocol::{Attempt, RunId};

/// Acknowledgements and latencies, shared by all workers.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    acknowledged: Mutex<HashMap<(RunId, Attempt), Acknowledged>>,
    repetitions: AtomicU64,
}

/// What the coordinator acknowledged of one attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    /// Grants of this attempt; more than one is an error of the coordinator.
    pub(crate) grants: u32,
    /// Epochs reported.
    pub(crate) points: u32,
    /// Its end as completed.
    pub(crate) completed: bool,
}

impl Tally {
    pub(crate) fn note(&self, run: RunId, attempt: Attempt, change: impl FnOnce(&mut Acknowledged)) {
        let mut acknowledged = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        change(acknowledged.entry((run, attempt)).or_default());
    }

    /// Counts a request that is sent again.
    pub(crate) fn note_repetition(&self) {
        self.repetitions.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn repetitions(&self) -> u64 {
        self.repetitions.load(Ordering::Relaxed)
    }

    pub(crate) fn acknowledged(&self) -> HashMap<(RunId, Attempt), Acknowledged> {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Latencies of one kind of request.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Mutex<Vec<Duration>>);

impl Latencies {
    pub(crate) fn add(&self, latency: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(latency);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The quantile `share` of the latencies, milliseconds; 0 without requests.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        let mut sorted = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        sorted.sort();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index"
        )]
        let index = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(index.saturating_sub(1)).map_or(0.0, |latency| 1e3 * latency.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_value_that_the_share_does_not_exceed() {
        let latencies = Latencies::default();
        assert!(latencies.quantile_ms(0.5).abs() < 1e-9);
        (1..=100).for_each(|ms| latencies.add(Duration::from_millis(ms)));
        assert!((latencies.quantile_ms(0.5) - 50.0).abs() < 1e-9);
        assert!((latencies.quantile_ms(0.99) - 99.0).abs() < 1e-9);
        assert!((latencies.quantile_ms(1.0) - 100.0).abs() < 1e-9);
    }
}
