//! The states of a study: every transition there is.
//!
//! ```text
//! searching ──final queued──▸ finishing ──completed──▸ completed
//!    ▴  │ │                    ▴  │  │
//!    │  │ └──cancelled─────────┼──┼──┴──▸ cancelled
//!    │  └──failed──▸ failed ◂──┼──┘
//!    └──reopened───────┴───────┘  (to finishing, where the final run exists)
//! ```
//!
//! Pure: the caller decides which event is due. [`crate::study::locked`] applies the steps; a trigger of the database
//! refuses all others.

use pedigree_protocol::study::StudyState;

/// What happens to a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Its trials are spent, and its final run waits.
    FinalQueued,
    /// Its final run has completed.
    Completed,
    /// No trial, or no final run, could be completed.
    Failed,
    /// A user ended it.
    Cancelled,
    /// A user has its failed runs tried again.
    Reopened { final_exists: bool },
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
        (StudyState::Searching, Event::FinalQueued) => Ok(StudyState::Finishing),
        (StudyState::Finishing, Event::Completed) => Ok(StudyState::Completed),
        (StudyState::Searching | StudyState::Finishing, Event::Failed) => Ok(StudyState::Failed),
        (StudyState::Searching | StudyState::Finishing, Event::Cancelled) => Ok(StudyState::Cancelled),
        (StudyState::Failed, Event::Reopened { final_exists: false }) => Ok(StudyState::Searching),
        (StudyState::Failed, Event::Reopened { final_exists: true }) => Ok(StudyState::Finishing),
        _ => Err(IllegalStep { state, event }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const EVENTS: [Event; 6] = [
        Event::FinalQueued,
        Event::Completed,
        Event::Failed,
        Event::Cancelled,
        Event::Reopened { final_exists: false },
        Event::Reopened { final_exists: true },
    ];

    #[test]
    fn every_event_in_every_state() {
        use StudyState::{Cancelled, Completed, Failed, Finishing, Searching};
        let s = Some;
        #[rustfmt::skip]
        let table = [
            // final queued, completed, failed, cancelled, reopened, reopened with a final run
            (Searching, [s(Finishing), None, s(Failed), s(Cancelled), None, None]),
            (Finishing, [None, s(Completed), s(Failed), s(Cancelled), None, None]),
            (Completed, [None; 6]),
            (Failed, [None, None, None, None, s(Searching), s(Finishing)]),
            (Cancelled, [None; 6]),
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
