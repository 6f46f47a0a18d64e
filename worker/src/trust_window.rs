//! How long an attempt's holder can be sure of its lease, by its own monotonic clock. Pure arithmetic on instants.
//!
//! The window opens when the request *started*, not when its answer came, and closes before the lease does: whatever
//! the network did in between, it lies inside the lease as the coordinator's clock sees it.

use std::time::Duration;

use tokio::time::Instant;

/// The time in which the lease is held for certain, whatever became of the coordinator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TrustWindow {
    opened: Instant,
    ttl: Duration,
}

impl TrustWindow {
    /// The window given by a request that started at `asked` and was answered with a lease of `ttl`.
    pub(crate) const fn new(asked: Instant, ttl: Duration) -> Self {
        Self { opened: asked, ttl }
    }

    /// When the lease stops being certain, a tenth of it early: clocks run at different speeds.
    pub(crate) fn closes(&self) -> Instant {
        self.opened + self.ttl - self.ttl / 10
    }

    /// When to ask for the next one: two more tries fit in before the window closes.
    pub(crate) fn renew_at(&self) -> Instant {
        self.opened + self.ttl / 3
    }

    /// How long a single request may take.
    pub(crate) fn request_limit(&self) -> Duration {
        self.ttl / 3
    }

    /// Whichever of the two closes later: answers may arrive out of order.
    pub(crate) fn or_later(self, other: Self) -> Self {
        if other.closes() > self.closes() { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(30);

    #[test]
    fn closes_before_the_lease_that_was_granted_after_the_request_started() {
        let asked = Instant::now();
        for network_delay in [0, 1, 5, 29] {
            let lease_ends = asked + Duration::from_secs(network_delay) + TTL;
            let window = TrustWindow::new(asked, TTL);
            assert!(window.closes() + TTL / 10 <= lease_ends);
        }
    }

    #[test]
    fn two_timed_out_renewals_fit_before_it_closes() {
        let window = TrustWindow::new(Instant::now(), TTL);
        let second_try = window.renew_at() + window.request_limit();
        assert!(second_try < window.closes());
    }

    #[test]
    fn an_older_answer_does_not_shorten_it() {
        let asked = Instant::now();
        let newer = TrustWindow::new(asked + Duration::from_secs(5), TTL);
        let older = TrustWindow::new(asked, TTL);
        assert_eq!(newer.or_later(older), newer);
        assert_eq!(older.or_later(newer), newer);
        assert_eq!(newer.or_later(TrustWindow::new(asked + TTL, Duration::from_secs(1))).closes(), {
            newer.closes().max(asked + TTL + Duration::from_millis(900))
        });
    }
}
