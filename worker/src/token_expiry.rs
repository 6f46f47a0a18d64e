//! When this worker's token expires, as the coordinator last told it, and when its log warns of that.
//!
//! Owns the times of the warnings. Must not know whether a token is taken.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The first warning comes so long before the end. `pedigree doctor` and the list of workers tell from then on too.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Two hellos that differ by less name the same end.
const SAME: Duration = Duration::from_secs(60);

/// The moment at which the token expires.
#[derive(Debug, Default)]
pub(crate) struct TokenExpiry(watch::Sender<Option<Instant>>);

impl TokenExpiry {
    /// Takes note of how many seconds the token is still taken; `None` for one that never expires.
    pub(crate) fn learn(&self, left_s: Option<u64>) {
        // A moment beyond the clock's range never comes.
        let end = left_s.and_then(|left| Instant::now().checked_add(Duration::from_secs(left)));
        self.0.send_if_modified(|known| {
            let is_same = match (&known, end) {
                (Some(known), Some(end)) => {
                    end.saturating_duration_since(*known).max(known.saturating_duration_since(end)) < SAME
                }
                (known, end) => **known == end,
            };
            *known = end;
            !is_same
        });
    }

    /// Warns in the log as often as is due, for as long as the worker lives.
    pub(crate) async fn warn(&self) {
        let mut changes = self.0.subscribe();
        loop {
            let left = changes.borrow_and_update().map(|end| end.saturating_duration_since(Instant::now()));
            if let Some(sentence) = left.and_then(warning) {
                tracing::warn!("{sentence}");
            }
            tokio::select! {
                // The sender lives as long as this: there is always another change to wait for.
                _ = changes.changed() => {}
                () = sleep(left.map_or(WEEK, pause)) => {}
            }
        }
    }
}

/// What is to be said so long before the end. A token that has expired is refused, which `token_watch` says.
fn warning(left: Duration) -> Option<String> {
    let hours = left.as_secs() / HOUR.as_secs();
    let shown = match (hours / 24, hours % 24) {
        (0, 0) => "less than an hour".to_owned(),
        (0, hours) => format!("{hours} h"),
        (days, hours) => format!("{days} d {hours} h"),
    };
    (left <= WEEK && !left.is_zero()).then(|| {
        format!(
            "this worker's token expires in {shown}; an idle worker then ends. Make another under a new name (`pedigree token \
             create NAME --role worker`) and start the worker with it, or revoke this one and make it anew under its name"
        )
    })
}

/// How long to wait for the next warning: one a day, and one an hour on the last day.
fn pause(left: Duration) -> Duration {
    match left {
        left if left > WEEK => (left - WEEK).min(WEEK),
        left if left > DAY => DAY.min(left - DAY),
        left if left.is_zero() => WEEK,
        _ => HOUR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_warned_of_daily_in_its_last_week_and_hourly_on_its_last_day() {
        assert_eq!(warning(WEEK + HOUR), None);
        assert_eq!(warning(Duration::ZERO), None, "then it is refused, which is another sentence");
        let said = |left| warning(left).unwrap();
        assert!(said(WEEK).starts_with("this worker's token expires in 7 d 0 h; "), "{}", said(WEEK));
        assert!(said(DAY + 2 * HOUR).contains(" in 1 d 2 h; "));
        assert!(said(5 * HOUR).contains(" in 5 h; "));
        assert!(said(HOUR / 2).contains(" in less than an hour; "));

        let mut left = 30 * DAY;
        let mut warnings = 0;
        while !left.is_zero() {
            warnings += u32::from(warning(left).is_some());
            left = left.saturating_sub(pause(left));
        }
        assert_eq!(warnings, 6 + 24, "once for each of six days and each hour of the last");
    }

    #[tokio::test]
    async fn a_hello_that_names_the_same_end_is_no_news() {
        let expiry = TokenExpiry::default();
        let mut changes = expiry.0.subscribe();
        let mut is_news = || {
            let changed = changes.has_changed().unwrap();
            changes.mark_unchanged();
            changed
        };
        expiry.learn(None);
        assert!(!is_news());
        expiry.learn(Some(3600));
        assert!(is_news());
        expiry.learn(Some(3590));
        assert!(!is_news());
        expiry.learn(Some(u64::MAX));
        assert!(is_news());
    }
}
