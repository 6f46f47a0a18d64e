//! An attempt under its run's row lock: what a write must know to be decided.

use std::time::Duration;

use pedigree_protocol::lease::AttemptWrite;
use pedigree_protocol::objective::Metric;
use pedigree_protocol::pruner::Pruner;
use pedigree_protocol::run::{AttemptState, RunKind, RunState};
use pedigree_protocol::study::StudyState;
use pedigree_protocol::{Attempt, RunId, StudyId, WorkerId};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::error::{ApiError, ApiResult};
use crate::run::report::Tally;

/// An attempt and its run, locked until the transaction ends.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) run: RunId,
    pub(crate) attempt: Attempt,
    pub(crate) study: StudyId,
    pub(crate) worker: WorkerId,
    pub(crate) device: String,
    pub(crate) kind: RunKind,
    pub(crate) run_state: RunState,
    pub(crate) state: AttemptState,
    /// Its trainer has started, as a write said that is being applied.
    pub(crate) started: bool,
    /// What reports add that a write brought along with the end, which is being applied.
    pub(crate) reported: Tally,
    /// The lease has not run out, by the database's clock.
    pub(crate) unexpired: bool,
    pub(crate) crashes: i32,
    pub(crate) losses: i32,
    pub(crate) study_state: StudyState,
    /// A user cancelled the run.
    pub(crate) cancel_asked: bool,
    /// The run is to be handed back: it or its study is paused, or its worker drained, at once.
    pub(crate) hand_back: bool,
    /// What its study optimises; a pretraining belongs to none.
    pub(crate) metric: Option<Metric>,
    pub(crate) pruner: Pruner,
    /// Why the study's pruner wants the trial to end.
    pub(crate) prune_reason: Option<String>,
    /// The write by which its worker ended it.
    pub(crate) end_write: Option<AttemptWrite>,
}

impl Held {
    /// Whether the attempt may write. A lease that ran out while nobody could renew it is still its holder's as long as
    /// nobody has ended the attempt: the run's next attempt can only begin after that.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.state, AttemptState::Leased | AttemptState::Running)
    }

    /// Refuses what only a pretraining can say.
    pub(crate) fn must_be_dapt(&self, what: &str) -> ApiResult<()> {
        match self.kind {
            RunKind::Dapt => Ok(()),
            RunKind::Trial | RunKind::Final => {
                Err(ApiError::invalid(format!("only a pretraining {what}; this run trains entities")))
            }
        }
    }

    /// Whether the run is not to be tried any more.
    pub(crate) fn is_over(&self) -> bool {
        self.study_state.is_final() || self.cancel_asked
    }
}

/// Locks the run and reads the attempt; `None` where there is no such attempt.
pub(crate) async fn lock(db: &mut PgConnection, run: RunId, attempt: Attempt) -> ApiResult<Option<Held>> {
    // The clock, not the transaction's start: the lock may have been waited for.
    let row = sqlx::query!(
        r#"SELECT r.study_id, r.kind AS "kind: RunKind", r.state AS "run_state: RunState", r.crashes,
               r.losses, a.worker_id, a.device_uuid, a.state AS "state: AttemptState",
               coalesce(a.lease_expires_at > clock_timestamp(), false) AS "unexpired!",
               a.end_write AS "end_write: Json<AttemptWrite>", s.state AS "study_state: StudyState",
               s.spec -> 'metric' AS "metric: Json<Metric>", s.spec -> 'pruner' AS "pruner: Json<Pruner>",
               a.prune_reason, r.cancel_asked,
               (r.paused OR s.hold = 'now' OR w.hold = 'now') AS "hand_back!"
           FROM runs r
           JOIN attempts a ON a.run_id = r.id
           JOIN workers w ON w.id = a.worker_id
           JOIN studies s ON s.id = r.study_id
           WHERE r.id = $1 AND a.attempt = $2
           FOR NO KEY UPDATE OF r, a"#,
        run.0,
        attempt.0
    );
    let row = row.fetch_optional(db).await?;
    Ok(row.map(|row| Held {
        run,
        attempt,
        study: StudyId(row.study_id),
        worker: WorkerId(row.worker_id),
        device: row.device_uuid,
        kind: row.kind,
        run_state: row.run_state,
        state: row.state,
        started: false,
        reported: Tally::NONE,
        unexpired: row.unexpired,
        crashes: row.crashes,
        losses: row.losses,
        study_state: row.study_state,
        cancel_asked: row.cancel_asked,
        hand_back: row.hand_back,
        metric: row.metric.map(|metric| metric.0),
        pruner: row.pruner.map_or(Pruner::None, |pruner| pruner.0),
        prune_reason: row.prune_reason,
        end_write: row.end_write.map(|write| write.0),
    }))
}

/// Makes the lease last its full length from now, and notes that the worker spoke.
pub(crate) async fn renew(db: &mut PgConnection, held: &Held, ttl: Duration) -> ApiResult<()> {
    // A worker's row is not written for every word that it says.
    sqlx::query!(
        "WITH renewed AS (
             UPDATE attempts SET lease_expires_at = clock_timestamp() + make_interval(secs => $3::double precision)
             WHERE run_id = $1 AND attempt = $2 RETURNING worker_id
         )
         UPDATE workers SET last_seen_at = now() FROM renewed
         WHERE workers.id = renewed.worker_id AND last_seen_at < now() - interval '1 s'",
        held.run.0,
        held.attempt.0,
        ttl.as_secs_f64(),
    )
    .execute(db)
    .await?;
    Ok(())
}
