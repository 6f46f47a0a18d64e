//! The one function that writes a run's state.

use std::time::Duration;

use pedigree_protocol::RunId;
use pedigree_protocol::dapt::DaptSummary;
use pedigree_protocol::objective::{Goal, ScoringProtocol};
use pedigree_protocol::report::{RunSummary, TestResult, TestSummary};
use pedigree_protocol::run::{Failure, RunState};
use serde::{Serialize, Serializer};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::error::{ApiError, ApiResult};
use crate::run::machine::{self, Event};
use crate::run::tally::Tally;

/// The result of a completed run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Summary<'a> {
    /// Of a trial or a final run.
    Training(&'a RunSummary),
    /// Of a test run, with the protocol of its value.
    Test(&'a TestSummary, ScoringProtocol),
    /// Of a pretraining.
    Dapt(&'a DaptSummary),
}

impl Serialize for Summary<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Training(summary) => summary.serialize(serializer),
            Self::Test(summary, _) => summary.serialize(serializer),
            Self::Dapt(summary) => summary.serialize(serializer),
        }
    }
}

impl Summary<'_> {
    /// The run's value.
    fn value(&self) -> Option<f64> {
        match self {
            Self::Training(summary) => Some(summary.objective),
            Self::Test(summary, protocol) => TestResult::mean_f1(&summary.results, *protocol),
            Self::Dapt(summary) => Some(summary.after.pseudo_perplexity),
        }
    }
}

/// What an event leaves on the run.
#[derive(Debug, Default)]
pub(crate) struct Outcome<'a> {
    /// The result of a completed run.
    pub(crate) summary: Option<Summary<'a>>,
    /// Why it failed; kept only where no other attempt follows.
    pub(crate) failure: Option<&'a Failure>,
    /// How long a run that waits again is held back.
    pub(crate) pause: Duration,
    /// The tally of reports in the same batch, and whether larger values are better.
    pub(crate) reported: Option<(Tally, Goal)>,
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
    let (tally, goal) = outcome.reported.unwrap_or((Tally::NONE, Goal::Maximize));
    sqlx::query!(
        "UPDATE runs SET state = $2, crashes = CASE WHEN $12 THEN 0 ELSE crashes + $3 END,
             losses = CASE WHEN $12 THEN 0 ELSE losses + $4 END, value = $5, summary = $6,
             epochs = epochs + $13,
             best_so_far = coalesce($5, CASE WHEN $15 THEN greatest(best_so_far, $14) ELSE least(best_so_far, $14) END),
             failure_cause = $7, failure_message = $8, failure_evidence = $10,
             paused = paused AND NOT $12, cancel_asked = cancel_asked AND NOT $12,
             not_before = now() + make_interval(secs => $11::double precision),
             ended_at = CASE WHEN $9 THEN now() END
         WHERE id = $1",
        run.0,
        next as _,
        i32::from(matches!(event, Event::Failed { .. })),
        i32::from(matches!(event, Event::Lost { .. })),
        outcome.summary.as_ref().and_then(Summary::value),
        outcome.summary.map(Json) as _,
        failure.map(|failure| failure.cause) as _,
        failure.map(|failure| failure.message.as_str()),
        next.is_final(),
        failure.and_then(|failure| failure.evidence.as_deref()),
        (!outcome.pause.is_zero()).then_some(outcome.pause.as_secs_f64()),
        // A retry by a user resets the budgets.
        event == Event::Retried,
        tally.epochs,
        tally.best,
        goal == Goal::Maximize,
    )
    .execute(db)
    .await?;
    tracing::info!(run.id = %run, from = ?state, to = ?next, "run changed");
    Ok(next)
}
