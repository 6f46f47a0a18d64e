//! The states of a run: every transition there is.
//!
//! ```text
//! waiting ──claimed──▸ leased ──started──▸ running ──completed──▸ completed
//!    ▴ ▴                 │  │                 │ │ ├──pruned────▸ pruned
//!    │ │                 │  │                 │ │ ├──failed────▸ failed
//!    │ └──lost/released──┘  └──(as running)   │ │ └──cancelled─▸ cancelled
//!    └────lost, released, failed with retry───┘
//! failed, cancelled ──retried by a user─▸ waiting
//! ```
//!
//! Pure: the caller decides whether a retry is due. The claim statement is the one other writer (it must choose and
//! write at once); a trigger holds both to the same law.

use pedigree_protocol::run::RunState;

/// What happens to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A worker took the lease.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the claim statement takes this step; here it completes the law")
    )]
    Claimed,
    /// The trainer started.
    Started,
    /// It ended with a result.
    Completed,
    /// The study's pruner ended it.
    Pruned,
    /// It failed; another attempt follows or not.
    Failed { retry: bool },
    /// The lease ran out; another attempt follows or not.
    Lost { retry: bool },
    /// A draining worker handed it back.
    Released,
    /// A user, or its study's end, ended it.
    Cancelled,
    /// A user has it tried again.
    Retried,
}

/// An event that cannot happen in that state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a run that is {state:?} cannot be {event:?}")]
pub(crate) struct IllegalStep {
    state: RunState,
    event: Event,
}

/// The state that follows.
pub(crate) fn step(state: RunState, event: Event) -> Result<RunState, IllegalStep> {
    match (state, event) {
        (RunState::Waiting, Event::Claimed) => Ok(RunState::Leased),
        (RunState::Leased, Event::Started) => Ok(RunState::Running),
        (RunState::Waiting | RunState::Leased | RunState::Running, Event::Cancelled) => {
            Ok(RunState::Cancelled)
        }
        (RunState::Failed | RunState::Cancelled, Event::Retried) => Ok(RunState::Waiting),
        (RunState::Leased | RunState::Running, event) => held(state, event),
        _ => Err(IllegalStep { state, event }),
    }
}

/// A run that a worker holds, prepared or training.
fn held(state: RunState, event: Event) -> Result<RunState, IllegalStep> {
    match event {
        Event::Completed => Ok(RunState::Completed),
        Event::Pruned => Ok(RunState::Pruned),
        Event::Failed { retry: false } | Event::Lost { retry: false } => Ok(RunState::Failed),
        Event::Failed { retry: true } | Event::Lost { retry: true } | Event::Released => {
            Ok(RunState::Waiting)
        }
        Event::Claimed | Event::Started | Event::Cancelled | Event::Retried => {
            Err(IllegalStep { state, event })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const EVENTS: [Event; 11] = [
        Event::Claimed,
        Event::Started,
        Event::Completed,
        Event::Pruned,
        Event::Failed { retry: true },
        Event::Failed { retry: false },
        Event::Lost { retry: true },
        Event::Lost { retry: false },
        Event::Released,
        Event::Cancelled,
        Event::Retried,
    ];

    #[test]
    fn every_event_in_every_state() {
        use RunState::{Cancelled, Completed, Failed, Leased, Pruned, Running, Waiting};
        let row = |state| EVENTS.map(|event| step(state, event).ok());
        let s = Some;
        #[rustfmt::skip]
        let table = [
            // claimed, started, completed, pruned, failed+, failed, lost+, lost, released, cancelled, retried
            (Waiting, [s(Leased), None, None, None, None, None, None, None, None, s(Cancelled), None]),
            (Leased, [None, s(Running), s(Completed), s(Pruned), s(Waiting), s(Failed), s(Waiting), s(Failed), s(Waiting), s(Cancelled), None]),
            (Running, [None, None, s(Completed), s(Pruned), s(Waiting), s(Failed), s(Waiting), s(Failed), s(Waiting), s(Cancelled), None]),
        ];
        for (state, expected) in table {
            assert_eq!(row(state), expected, "{state:?}");
        }
        for state in [Completed, Pruned, Failed, Cancelled] {
            let mut expected = [None; 11];
            expected[10] = matches!(state, Failed | Cancelled).then_some(Waiting);
            assert_eq!(row(state), expected, "{state:?} is final but for a user");
        }
    }

    #[test]
    fn a_refusal_reads_as_a_sentence() {
        let error = step(RunState::Completed, Event::Started).unwrap_err();
        assert_eq!(error.to_string(), "a run that is Completed cannot be Started");
    }

    #[sqlx::test(migrator = "crate::db::MIGRATOR")]
    async fn the_database_knows_the_same_steps(pool: sqlx::PgPool) {
        for from in RunState::ALL {
            let ours: BTreeSet<_> =
                EVENTS.iter().filter_map(|e| step(from, *e).ok()).map(|s| format!("{s:?}")).collect();
            let mut theirs = BTreeSet::new();
            for to in RunState::ALL {
                let allowed = sqlx::query_scalar!(
                    r#"SELECT run_step_allowed($1, $2) AS "allowed!""#,
                    from as _,
                    to as _,
                );
                if allowed.fetch_one(&pool).await.unwrap() {
                    theirs.insert(format!("{to:?}"));
                }
            }
            assert_eq!(ours, theirs, "from {from:?}");
        }
    }
}
