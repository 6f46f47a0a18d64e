//! The one function that writes a run's state.

use pedigree_protocol::RunId;
use pedigree_protocol::report::RunSummary;
use pedigree_protocol::run::{Failure, RunState};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::column::{FailureCauseColumn, RunStateColumn};
use crate::error::{ApiError, ApiResult};
use crate::run::machine::{self, Event};

/// What an event leaves on the run.
#[derive(Debug, Default)]
pub(crate) struct Outcome<'a> {
    /// The result of a completed run.
    pub(crate) summary: Option<&'a RunSummary>,
    /// Why it failed; kept only where no other attempt follows.
    pub(crate) failure: Option<&'a Failure>,
}

/// Takes the step from the run's state, which the caller read under the run's lock, and writes what follows.
pub(crate) async fn apply(
    db: &mut PgConnection,
    run: RunId,
    state: RunState,
    event: Event,
    outcome: Outcome<'_>,
) -> ApiResult<RunState> {
    let next = machine::step(state, event).map_err(|error| ApiError::Broken(error.to_string()))?;
    let failure = outcome.failure.filter(|_| next == RunState::Failed);
    sqlx::query!(
        "UPDATE runs SET state = $2, crashes = crashes + $3, losses = losses + $4, value = $5, summary = $6,
             best_so_far = coalesce($5, best_so_far), failure_cause = $7, failure_message = $8,
             ended_at = CASE WHEN $9 THEN now() END
         WHERE id = $1",
        run.0,
        RunStateColumn::from(next) as _,
        i32::from(matches!(event, Event::Failed { .. })),
        i32::from(matches!(event, Event::Lost { .. })),
        outcome.summary.map(|summary| summary.objective),
        outcome.summary.map(Json) as _,
        failure.map(|failure| FailureCauseColumn::from(failure.cause)) as _,
        failure.map(|failure| failure.message.as_str()),
        next.is_final(),
    )
    .execute(db)
    .await?;
    tracing::info!(run.id = %run, from = ?state, to = ?next, "run changed");
    Ok(next)
}
