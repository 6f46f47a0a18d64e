//! When a lease is renewed, by its holder's own monotonic clock. Pure arithmetic on instants.
//!
//! Counted from the moment at which the request *started*: the coordinator granted the lease later, so that it ends
//! later too, whatever the network did in between.

use std::time::Duration;

use tokio::time::Instant;

/// When a lease is to be renewed, and from when on a silent coordinator is worth a warning. Silence ends no lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RenewalSchedule {
    asked: Instant,
    ttl: Duration,
}

impl RenewalSchedule {
    /// The schedule of a lease of `ttl`, given in answer to a request that started at `asked`.
    pub(crate) const fn new(asked: Instant, ttl: Duration) -> Self {
        Self { asked, ttl }
    }

    /// When to ask for a renewal: two more tries fit in before the lease ends.
    pub(crate) fn due(&self) -> Instant {
        self.asked + self.ttl / 3
    }

    /// How long a single request may take.
    pub(crate) fn request_limit(&self) -> Duration {
        self.ttl / 3
    }

    /// When the lease may have ended. A tenth early: clocks run at different speeds.
    pub(crate) fn overdue(&self) -> Instant {
        self.asked + self.ttl - self.ttl / 10
    }

    /// Whichever of the two is overdue later: answers may arrive out of order.
    pub(crate) fn or_later(self, other: Self) -> Self {
        if other.overdue() > self.overdue() { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(30);

    #[test]
    fn it_is_overdue_before_the_lease_that_was_granted_after_the_request_started_ends() {
        let asked = Instant::now();
        for network_delay in [0, 1, 5, 29] {
            let lease_ends = asked + Duration::from_secs(network_delay) + TTL;
            let schedule = RenewalSchedule::new(asked, TTL);
            assert!(schedule.overdue() + TTL / 10 <= lease_ends);
        }
    }

    #[test]
    fn two_timed_out_renewals_fit_before_it_is_overdue() {
        let schedule = RenewalSchedule::new(Instant::now(), TTL);
        let second_try = schedule.due() + schedule.request_limit();
        assert!(second_try < schedule.overdue());
    }

    #[test]
    fn an_older_answer_does_not_shorten_it() {
        let asked = Instant::now();
        let newer = RenewalSchedule::new(asked + Duration::from_secs(5), TTL);
        let older = RenewalSchedule::new(asked, TTL);
        assert_eq!(newer.or_later(older), newer);
        assert_eq!(older.or_later(newer), newer);
        assert_eq!(newer.or_later(RenewalSchedule::new(asked + TTL, Duration::from_secs(1))).overdue(), {
            newer.overdue().max(asked + TTL + Duration::from_millis(900))
        });
    }
}
