//! The states of a study: every transition there is.
//!
//! ```text
//! searching ──finals queued──▸ finishing ──test queued──▸ testing ──completed──▸ completed
//!                                  └───────────passed over────────────────────────▴
//! searching, finishing, testing ──cancelled──▸ cancelled
//! searching, finishing, testing ──failed──▸ failed ──reopened──▸ where it was
//! ```
//!
//! Pure: the caller decides which event is due. [`crate::study::locked`] applies the steps; a trigger of the database
//! refuses all others.

use pedigree_protocol::study::StudyState;

/// What happens to a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Its trials are spent, and its final runs wait.
    FinalsQueued,
    /// Its final runs have completed, and its test run waits.
    TestQueued,
    /// Its final runs have completed, and a selection went to another study: its test split stays shut.
    PassedOver,
    /// Its test run has completed.
    Completed,
    /// No trial, or not every final run or test run, could be completed.
    Failed,
    /// A user ended it.
    Cancelled,
    /// A user has its failed runs tried again.
    Reopened { at: Stage },
}

/// How far a study has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It has trials at most.
    Search,
    /// It has final runs.
    Finals,
    /// It has its test run.
    Test,
}

/// An event that cannot happen in that state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a study that is {state:?} cannot be {event:?}")]
pub(crate) struct IllegalStep {
    state: StudyState,
    event: Event,
}

/// The state that follows.
pub(crate) fn step(state: StudyState, event: Event) -> Result<StudyState, IllegalStep> {
    match (state, event) {
        (StudyState::Searching, Event::FinalsQueued) => Ok(StudyState::Finishing),
        (StudyState::Finishing, Event::TestQueued) => Ok(StudyState::Testing),
        (StudyState::Finishing, Event::PassedOver) | (StudyState::Testing, Event::Completed) => {
            Ok(StudyState::Completed)
        }
        (open, Event::Failed) if !open.is_final() => Ok(StudyState::Failed),
        (open, Event::Cancelled) if !open.is_final() => Ok(StudyState::Cancelled),
        (StudyState::Failed, Event::Reopened { at: Stage::Search }) => Ok(StudyState::Searching),
        (StudyState::Failed, Event::Reopened { at: Stage::Finals }) => Ok(StudyState::Finishing),
        (StudyState::Failed, Event::Reopened { at: Stage::Test }) => Ok(StudyState::Testing),
        _ => Err(IllegalStep { state, event }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const EVENTS: [Event; 9] = [
        Event::FinalsQueued,
        Event::TestQueued,
        Event::PassedOver,
        Event::Completed,
        Event::Failed,
        Event::Cancelled,
        Event::Reopened { at: Stage::Search },
        Event::Reopened { at: Stage::Finals },
        Event::Reopened { at: Stage::Test },
    ];

    #[test]
    fn every_event_in_every_state() {
        use StudyState::{Cancelled, Completed, Failed, Finishing, Searching, Testing};
        let s = Some;
        #[rustfmt::skip]
        let table = [
            // finals queued, test queued, passed over, completed, failed, cancelled, reopened in search, finals, test
            (Searching, [s(Finishing), None, None, None, s(Failed), s(Cancelled), None, None, None]),
            (Finishing, [None, s(Testing), s(Completed), None, s(Failed), s(Cancelled), None, None, None]),
            (Testing, [None, None, None, s(Completed), s(Failed), s(Cancelled), None, None, None]),
            (Completed, [None; 9]),
            (Failed, [None, None, None, None, None, None, s(Searching), s(Finishing), s(Testing)]),
            (Cancelled, [None; 9]),
        ];
        assert_eq!(table.map(|(state, _)| state), StudyState::ALL);
        for (state, expected) in table {
            assert_eq!(EVENTS.map(|event| step(state, event).ok()), expected, "{state:?}");
        }
    }

    #[test]
    fn a_refusal_reads_as_a_sentence() {
        let error = step(StudyState::Completed, Event::Cancelled).unwrap_err();
        assert_eq!(error.to_string(), "a study that is Completed cannot be Cancelled");
    }

    #[sqlx::test(migrator = "crate::db::MIGRATOR")]
    async fn the_database_knows_the_same_steps(pool: sqlx::PgPool) {
        for from in StudyState::ALL {
            let ours: BTreeSet<_> =
                EVENTS.iter().filter_map(|e| step(from, *e).ok()).map(|s| format!("{s:?}")).collect();
            let mut theirs = BTreeSet::new();
            for to in StudyState::ALL {
                let allowed = sqlx::query_scalar!(
                    r#"SELECT study_step_allowed($1, $2) AS "allowed!""#,
                    from as _,
                    to as _
                );
                if allowed.fetch_one(&pool).await.unwrap() {
                    theirs.insert(format!("{to:?}"));
                }
            }
            assert_eq!(ours, theirs, "from {from:?}");
        }
    }
}
