//! Whether this host can carry attempts out. After a failure that is the host's own fault its slots take nothing for a while;
//! then they try again.
//!
//! Owns how long. Must not know how such a failure was recognised.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pedigree_protocol::lease::AttemptEnd;
use pedigree_protocol::retry::Policy;
use tokio::time::Instant;

/// The pause after the first failure; it doubles with each further one that no other end comes between.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Whether this host has set itself aside.
#[derive(Debug, Default)]
pub(crate) struct Aside(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    until: Option<Instant>,
    why: String,
}

impl Aside {
    /// Notes how an attempt ended.
    pub(crate) fn note(&self, end: &AttemptEnd) {
        self.note_at(end, Instant::now());
    }

    fn note_at(&self, end: &AttemptEnd, now: Instant) {
        let mut state = self.state();
        match end {
            AttemptEnd::Failed { failure } if failure.cause.policy() == Policy::AnotherHost => {
                failure.message.lines().next().unwrap_or_default().clone_into(&mut state.why);
                // Attempts of several slots that fail together count once.
                if state.until.is_none_or(|until| until <= now) {
                    let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(state.failures));
                    let pause = pause.min(LONGEST_PAUSE);
                    state.failures += 1;
                    state.until = Some(now + pause);
                    tracing::error!(
                        why = state.why,
                        pause_s = pause.as_secs(),
                        "this host sets itself aside"
                    );
                }
            }
            AttemptEnd::Completed { .. }
            | AttemptEnd::Adapted { .. }
            | AttemptEnd::Tested { .. }
            | AttemptEnd::Failed { .. } => {
                *state = State::default();
            }
            // It says nothing about the host.
            AttemptEnd::Released | AttemptEnd::Cancelled | AttemptEnd::Pruned => {}
        }
    }

    /// Why nothing is taken now, as a sentence.
    pub(crate) fn sentence(&self) -> Option<String> {
        self.sentence_at(Instant::now())
    }

    fn sentence_at(&self, now: Instant) -> Option<String> {
        let state = self.state();
        let left = state.until?.checked_duration_since(now).filter(|left| !left.is_zero())?;
        // In steps, so that the coordinator does not hear of each second.
        let left = left.as_secs().div_ceil(10).max(1) * 10;
        Some(format!("this host takes nothing for another {left} s: {}", state.why))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::run::{Failure, FailureCause};

    use super::*;

    fn failed(cause: FailureCause) -> AttemptEnd {
        AttemptEnd::Failed { failure: Failure::new(cause, "the disk is full\nits log ends") }
    }

    #[test]
    fn each_failure_in_a_row_keeps_it_aside_longer_and_any_other_end_brings_it_back() {
        let (aside, mut now) = (Aside::default(), Instant::now());
        assert_eq!(aside.sentence_at(now), None);
        for expected in [10, 20, 40, 80, 160, 300, 300] {
            let pause = Duration::from_secs(expected);
            aside.note_at(&failed(FailureCause::Host), now);
            aside.note_at(&failed(FailureCause::Host), now);
            let sentence = format!("this host takes nothing for another {expected} s: the disk is full");
            assert_eq!(aside.sentence_at(now), Some(sentence));
            assert!(aside.sentence_at(now + pause - Duration::from_millis(1)).is_some(), "{expected}");
            now += pause;
            assert_eq!(aside.sentence_at(now), None, "{expected}");
        }
        aside.note_at(&failed(FailureCause::Crashed), now);
        aside.note_at(&failed(FailureCause::Host), now);
        assert_eq!(aside.sentence_at(now + FIRST_PAUSE), None);
    }
}
