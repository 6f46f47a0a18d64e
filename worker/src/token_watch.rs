//! Whether the coordinator takes this worker's token, and who must know when it does not.
//!
//! Silence is waited out; a refused token is not silence. What trains goes on, since an operator may put the token right at
//! the coordinator, and its results wait on disk. A worker that has nothing under way ends.

use std::time::Duration;

use pedigree_protocol::ErrorCode;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::retry::RequestError;
use crate::token_expiry::TokenExpiry;

/// How often it is said again.
const AGAIN: Duration = Duration::from_secs(60);

/// What the answers say of this worker's token.
#[derive(Debug, Default)]
pub(crate) struct TokenWatch {
    state: watch::Sender<State>,
    /// When it expires.
    pub(crate) expiry: TokenExpiry,
}

#[derive(Debug, Default)]
struct State {
    refused: Option<Refused>,
    /// Attempts under way.
    busy: usize,
}

#[derive(Debug)]
struct Refused {
    sentence: String,
    said: Instant,
}

/// An attempt under way; dropped at its end.
#[derive(Debug)]
pub(crate) struct Busy<'a>(&'a TokenWatch);

impl TokenWatch {
    /// Takes note of an answer. Silence says nothing of a token.
    pub(crate) fn notice<T>(&self, answer: &Result<T, RequestError>) {
        match answer {
            Err(error) if error.code() == Some(ErrorCode::Unauthorized) => self.refuse(error),
            Err(error) if error.code().is_none() => {}
            _ => self.accept(),
        }
    }

    fn refuse(&self, error: &RequestError) {
        self.state.send_if_modified(|state| {
            if !is_due(state.refused.as_ref(), Instant::now()) {
                return false;
            }
            tracing::error!(
                %error,
                attempts = state.busy,
                "the coordinator does not take this worker's token; what trains goes on, and its results wait on disk"
            );
            state.refused = Some(Refused { sentence: error.to_string(), said: Instant::now() });
            true
        });
    }

    fn accept(&self) {
        self.state.send_if_modified(|state| {
            let was_refused = state.refused.take().is_some();
            if was_refused {
                tracing::info!("the coordinator takes this worker's token again");
            }
            was_refused
        });
    }

    /// An attempt begins.
    pub(crate) fn busy(&self) -> Busy<'_> {
        self.state.send_modify(|state| state.busy += 1);
        Busy(self)
    }

    /// Ends when the token is refused and nothing is under way; says how it was refused.
    pub(crate) async fn until_useless(&self) -> RequestError {
        let mut changes = self.state.subscribe();
        loop {
            let useless = {
                let state = changes.borrow_and_update();
                state.refused.as_ref().filter(|_| state.busy == 0).map(|refused| refused.sentence.clone())
            };
            if let Some(sentence) = useless {
                return RequestError::TokenRefused(sentence);
            }
            // The sender lives as long as this: there is always another change to wait for.
            let _ = changes.changed().await;
        }
    }
}

/// A refusal is said at once, and again every minute.
fn is_due(before: Option<&Refused>, now: Instant) -> bool {
    before.is_none_or(|before| now.saturating_duration_since(before.said) >= AGAIN)
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.busy -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_token_is_said_at_once_and_every_minute() {
        let said = Instant::now();
        let before = Refused { sentence: "revoked".into(), said };
        assert!(is_due(None, said));
        for (seconds, due) in [(0, false), (59, false), (60, true), (90, true)] {
            assert_eq!(is_due(Some(&before), said + Duration::from_secs(seconds)), due, "{seconds} s");
        }
    }

    #[tokio::test]
    async fn a_worker_is_useless_once_it_is_refused_and_nothing_is_under_way() {
        let watch = TokenWatch::default();
        let is_useless = async || {
            let at_once = tokio::time::timeout(Duration::ZERO, watch.until_useless());
            at_once.await.is_ok()
        };
        let refused = || Err::<(), _>(RequestError::TokenRefused("revoked".into()));
        assert!(!is_useless().await);
        let busy = watch.busy();
        watch.notice(&refused());
        assert!(!is_useless().await, "an attempt is under way");
        drop(busy);
        assert!(is_useless().await);
        watch.notice(&Err::<(), _>(RequestError::TimedOut(Duration::ZERO)));
        assert!(is_useless().await, "silence says nothing of a token");
        watch.notice(&Ok(()));
        assert!(!is_useless().await);
    }
}
