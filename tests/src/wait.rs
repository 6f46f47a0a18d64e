//! Waiting for a condition, with the last seen state in the time-out.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Calls `look` until `done` likes what it sees, and returns that.
///
/// # Panics
/// After `limit`, with what was seen last.
pub async fn wait_for<T: Debug, F: Future<Output = T>>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> F,
    done: impl Fn(&T) -> bool,
) -> T {
    let deadline = Instant::now() + limit;
    loop {
        let seen = look().await;
        if done(&seen) {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited {limit:?} for {what}; last seen: {seen:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
