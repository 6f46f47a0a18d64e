//! How long to wait before trying again, and whether trying again can help.

use std::time::Duration;

use pedigree_protocol::ErrorCode;
use pedigree_protocol::client::ClientError;

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);

/// What any single answer may take to begin, where the request itself says nothing longer: a host that vanished in the
/// middle of one never answers, and never says so either.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Bytes a second of the slowest line that is still waited for.
const SLOWEST: u64 = 64 * 1024;

/// What carrying so much content may take, its answer included. A slow line is waited for; one that has silently died
/// must not hold an attempt whose lease is renewed beside it.
pub(crate) const fn carrying_limit(bytes: u64) -> Duration {
    Duration::from_secs(ANSWER_LIMIT.as_secs() + bytes / SLOWEST)
}

/// Waits that double from a tenth of a second to two seconds.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self { next: SHORTEST }
    }

    /// The next wait.
    pub(crate) fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(LONGEST);
        wait
    }

    /// Sleeps for the next wait.
    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.next()).await;
    }
}

/// Whether the same request may succeed later. A wrong token counts: an operator can put it right at the coordinator,
/// and a lease that nobody renews ends by itself.
pub(crate) fn is_away(error: &ClientError) -> bool {
    match error {
        ClientError::Refused(body) => {
            matches!(body.code, ErrorCode::Internal | ErrorCode::TooMany | ErrorCode::Unauthorized)
        }
        ClientError::Unreachable { .. } => true,
        // A proxy in front of an absent coordinator; but a 413, say, stays one.
        ClientError::Foreign { status, .. } => {
            status.is_server_error() || matches!(status.as_u16(), 404 | 408 | 429)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_line_is_waited_for_and_a_dead_one_not_for_long() {
        assert_eq!(carrying_limit(0), ANSWER_LIMIT);
        assert_eq!(carrying_limit(64 << 20), ANSWER_LIMIT + Duration::from_secs(1024));
    }

    #[test]
    fn waits_double_up_to_a_bound() {
        let mut backoff = Backoff::new();
        let waits: Vec<u128> = (0..7).map(|_| backoff.next().as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 2000, 2000]);
    }
}
