//! Requests that are made again: after what pauses, within what time, and whether that can help.

use std::time::Duration;

use backon::ExponentialBuilder;
use pedigree_protocol::ErrorCode;
use pedigree_protocol::client::ClientError;
use tokio::time::timeout;

/// The longest wait for an answer to begin, unless the request names a longer one: a host that vanishes in the middle of
/// a request never answers.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Bytes a second of the slowest line that is still waited for.
const SLOWEST: u64 = 64 * 1024;

/// The longest time to transfer so many bytes and be answered. A slow line is waited for; a line that has silently died
/// must not hold up an attempt whose lease is renewed beside it.
pub(crate) const fn transfer_limit(bytes: u64) -> Duration {
    Duration::from_secs(ANSWER_LIMIT.as_secs() + bytes / SLOWEST)
}

/// The pauses between tries: they double from 0.1 s to 1 s, each longer by a random part of itself, so that a fleet does
/// not come back to its coordinator at once. There is always another one.
pub(crate) const fn pauses() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(1))
        .with_jitter()
        .without_max_times()
}

/// A request without success.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// No answer in time.
    #[error("the coordinator did not answer within {:.1} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The coordinator does not take this worker's token; its sentence.
    #[error("{0}")]
    TokenRefused(String),
    /// An answer, or a connection, that failed.
    #[error(transparent)]
    Failed(#[from] ClientError),
}

impl RequestError {
    /// Whether the same request may succeed later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::TimedOut(_) | Self::TokenRefused(_) => true,
            Self::Failed(error) => may_pass(error),
        }
    }

    /// Whether the coordinator serves workers of another release only, which its sentence names.
    pub(crate) fn is_other_release(&self) -> bool {
        self.code() == Some(ErrorCode::Conflict)
    }

    /// The code with which the coordinator refused.
    pub(crate) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::TimedOut(_) => None,
            Self::TokenRefused(_) => Some(ErrorCode::Unauthorized),
            Self::Failed(error) => error.code(),
        }
    }
}

/// The answer to a request, if it comes in time.
pub(crate) async fn within<T>(
    limit: Duration,
    request: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, RequestError> {
    match timeout(limit, request).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(RequestError::TimedOut(limit)),
    }
}

/// Whether the same request may succeed later. A wrong token counts: an operator can correct it at the coordinator, and
/// a lease that nobody renews ends by itself (`token_watch` says meanwhile that it is refused).
pub(crate) fn may_pass(error: &ClientError) -> bool {
    match error {
        ClientError::Refused(body) => {
            matches!(body.code, ErrorCode::Internal | ErrorCode::TooMany | ErrorCode::Unauthorized)
        }
        ClientError::Unreachable { .. } => true,
        // A proxy in front of an absent coordinator answers 404; a 413 stays one however often it is asked for.
        ClientError::Foreign { status, .. } => {
            status.is_server_error() || matches!(status.as_u16(), 404 | 408 | 429)
        }
    }
}

#[cfg(test)]
mod tests {
    use backon::BackoffBuilder as _;

    use super::*;

    #[test]
    fn a_slow_line_is_waited_for_and_a_dead_one_not_for_long() {
        assert_eq!(transfer_limit(0), ANSWER_LIMIT);
        assert_eq!(transfer_limit(64 << 20), ANSWER_LIMIT + Duration::from_secs(1024));
    }

    #[test]
    fn pauses_double_up_to_a_bound_and_no_two_workers_keep_step() {
        let drawn = || pauses().build().take(7).map(|pause| pause.as_millis()).collect::<Vec<_>>();
        let pauses = drawn();
        for (pause, least) in pauses.iter().zip([100, 200, 400, 800, 1000, 1000, 1000]) {
            assert!((least..=2 * least).contains(pause), "{pauses:?}");
        }
        assert_ne!(pauses, drawn());
    }
}
