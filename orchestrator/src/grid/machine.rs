//! The states of a grid: every transition there is.
//!
//! ```text
//! pretraining ──pretrained──▸ searching ──selected──▸ selecting ──tested──▸ completed
//! pretraining, searching, selecting ──failed──▸ failed
//! pretraining, searching, selecting ──cancelled──▸ cancelled
//! ```
//!
//! Pure: the caller decides which event is due. [`crate::grid::locked`] applies the steps; a trigger of the database
//! refuses all others.

use pedigree_protocol::grid::GridState;

/// What happens to a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Its pretrainings have ended; it may have had none.
    Pretrained,
    /// Every cell has settled, and the winners are on record.
    Selected,
    /// Every study has ended.
    Tested,
    /// No cell could complete its final runs.
    Failed,
    /// A user ended it.
    Cancelled,
}

/// An event that cannot happen in that state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a grid that is {state:?} cannot be {event:?}")]
pub(crate) struct IllegalStep {
    state: GridState,
    event: Event,
}

/// The state that follows.
pub(crate) fn step(state: GridState, event: Event) -> Result<GridState, IllegalStep> {
    match (state, event) {
        (GridState::Pretraining, Event::Pretrained) => Ok(GridState::Searching),
        (GridState::Searching, Event::Selected) => Ok(GridState::Selecting),
        (GridState::Selecting, Event::Tested) => Ok(GridState::Completed),
        (open, Event::Failed) if !open.is_final() => Ok(GridState::Failed),
        (open, Event::Cancelled) if !open.is_final() => Ok(GridState::Cancelled),
        _ => Err(IllegalStep { state, event }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const EVENTS: [Event; 5] =
        [Event::Pretrained, Event::Selected, Event::Tested, Event::Failed, Event::Cancelled];

    #[test]
    fn every_event_in_every_state() {
        use GridState::{Cancelled, Completed, Failed, Pretraining, Searching, Selecting};
        let s = Some;
        let table = [
            // pretrained, selected, tested, failed, cancelled
            (Pretraining, [s(Searching), None, None, s(Failed), s(Cancelled)]),
            (Searching, [None, s(Selecting), None, s(Failed), s(Cancelled)]),
            (Selecting, [None, None, s(Completed), s(Failed), s(Cancelled)]),
            (Completed, [None; 5]),
            (Failed, [None; 5]),
            (Cancelled, [None; 5]),
        ];
        assert_eq!(table.map(|(state, _)| state), GridState::ALL);
        for (state, expected) in table {
            assert_eq!(EVENTS.map(|event| step(state, event).ok()), expected, "{state:?}");
        }
    }

    #[sqlx::test(migrator = "crate::db::MIGRATOR")]
    async fn the_database_knows_the_same_steps(pool: sqlx::PgPool) {
        for from in GridState::ALL {
            let ours: BTreeSet<_> =
                EVENTS.iter().filter_map(|e| step(from, *e).ok()).map(|s| format!("{s:?}")).collect();
            let mut theirs = BTreeSet::new();
            for to in GridState::ALL {
                let allowed = sqlx::query_scalar!(
                    r#"SELECT grid_step_allowed($1, $2) AS "allowed!""#,
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
