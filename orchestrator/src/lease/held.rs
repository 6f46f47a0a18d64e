//! An attempt under its run's row lock: everything that decides about a write.

use std::time::Duration;

use pedigree_protocol::lease::AttemptWrite;
use pedigree_protocol::objective::Metric;
use pedigree_protocol::pruner::Pruner;
use pedigree_protocol::run::{AttemptState, RunKind, RunState};
use pedigree_protocol::{Attempt, QueueId, RunId, WorkerId};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::run::owner::Owner;
use crate::run::tally::Tally;

/// An attempt and its run, locked until the transaction ends.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) run: RunId,
    pub(crate) attempt: Attempt,
    pub(crate) queue: QueueId,
    pub(crate) worker: WorkerId,
    pub(crate) device: String,
    pub(crate) kind: RunKind,
    pub(crate) run_state: RunState,
    pub(crate) state: AttemptState,
    /// The batch that is being applied contains a `Start`.
    pub(crate) started: bool,
    /// What the reports of the batch that is being applied add, where the batch also ends the attempt.
    pub(crate) reported: Tally,
    /// The lease has not run out, by the database's clock.
    pub(crate) unexpired: bool,
    pub(crate) crashes: i32,
    pub(crate) losses: i32,
    /// Its study or pretraining has not ended.
    pub(crate) open: bool,
    /// A user cancelled the run.
    pub(crate) cancel_asked: bool,
    /// The run is to be handed back at once: the run, its study or its pretraining is paused, or its worker drained.
    pub(crate) hand_back: bool,
    /// How its study judges trials; `None` for a pretraining.
    pub(crate) judged_by: Option<Criteria>,
    /// Why the study's pruner wants the trial to end.
    pub(crate) prune_reason: Option<String>,
    /// Why its study must end: a fault of this program that the write met.
    pub(crate) fault: Option<String>,
    /// The write by which its worker ended it.
    pub(crate) end_write: Option<AttemptWrite>,
}

/// How a study judges its trials.
#[derive(Debug)]
pub(crate) struct Criteria {
    pub(crate) metric: Metric,
    pub(crate) pruner: Pruner,
}

impl Held {
    /// Whether the attempt may write. A lease that ran out while nobody could renew it still belongs to its holder until
    /// somebody ends the attempt: only then can the run's next attempt begin.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.state, AttemptState::Leased | AttemptState::Running)
    }

    /// What the run belongs to.
    pub(crate) const fn owner(&self) -> Owner {
        Owner::of(self.kind, self.queue)
    }

    /// What the run is optimised for.
    ///
    /// # Errors
    /// For a pretraining, which has no dev scores.
    pub(crate) fn metric(&self) -> ApiResult<Metric> {
        let metric = self.judged_by.as_ref().map(|criteria| criteria.metric);
        metric.ok_or_else(|| ApiError::invalid("a pretraining has no dev scores; it reports held-out text"))
    }

    /// Refuses what only a trial or a final run can say.
    pub(crate) fn must_train(&self, instead: &str) -> ApiResult<()> {
        match self.kind {
            RunKind::Trial | RunKind::Final => Ok(()),
            RunKind::Dapt | RunKind::Test => {
                Err(ApiError::invalid(format!("{} trains no tags; {instead}", a_run(self.kind))))
            }
        }
    }

    /// Refuses what only a run of that kind can say.
    pub(crate) fn must_be(&self, kind: RunKind, what: &str) -> ApiResult<()> {
        if self.kind == kind {
            return Ok(());
        }
        let (only, this) = (a_run(kind), a_run(self.kind));
        Err(ApiError::invalid(format!("only {only} {what}; this run is {this}")))
    }

    /// Whether the run is not to be tried any more.
    pub(crate) fn is_over(&self) -> bool {
        !self.open || self.cancel_asked
    }
}

const fn a_run(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Dapt => "a pretraining",
        RunKind::Trial => "a trial",
        RunKind::Final => "a final run",
        RunKind::Test => "a test run",
    }
}

/// Does `work` with an attempt under its run's lock; `None` is an attempt that does not exist. What it wrote is committed
/// if it succeeds, and rolled back otherwise.
pub(crate) async fn open<T>(
    pool: &PgPool,
    run: RunId,
    attempt: Attempt,
    work: impl AsyncFnOnce(&mut PgConnection, Option<Held>) -> ApiResult<T>,
) -> ApiResult<T> {
    db::transaction(pool, async |db| {
        let held = lock(db, run, attempt).await?;
        work(db, held).await
    })
    .await
}

/// Locks the run and reads the attempt.
async fn lock(db: &mut PgConnection, run: RunId, attempt: Attempt) -> ApiResult<Option<Held>> {
    // `clock_timestamp()`, because the lock may be granted long after the transaction's start.
    let select = sqlx::query!(
        r#"SELECT r.queue_id, r.kind AS "kind: RunKind", r.state AS "run_state: RunState", r.crashes,
               r.losses, a.worker_id, a.device_uuid, a.state AS "state: AttemptState",
               coalesce(a.lease_expires_at > clock_timestamp(), false) AS "unexpired!",
               a.end_write AS "end_write: Json<AttemptWrite>", q.open,
               q.work -> 'metric' AS "metric: Json<Metric>", q.work -> 'pruner' AS "pruner: Json<Pruner>",
               a.prune_reason, r.cancel_asked,
               (r.paused OR q.hold = 'now' OR w.hold = 'now') AS "hand_back!"
           FROM runs r
           JOIN attempts a ON a.run_id = r.id
           JOIN workers w ON w.id = a.worker_id
           JOIN queue q ON q.id = r.queue_id
           WHERE r.id = $1 AND a.attempt = $2
           FOR NO KEY UPDATE OF r, a"#,
        run.0,
        attempt.0
    );
    let row = select.fetch_optional(db).await?;
    Ok(row.map(|row| Held {
        run,
        attempt,
        queue: QueueId(row.queue_id),
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
        open: row.open,
        cancel_asked: row.cancel_asked,
        hand_back: row.hand_back,
        judged_by: row.metric.map(|metric| Criteria {
            metric: metric.0,
            pruner: row.pruner.map_or(Pruner::None, |pruner| pruner.0),
        }),
        prune_reason: row.prune_reason,
        fault: None,
        end_write: row.end_write.map(|write| write.0),
    }))
}

/// Makes the lease last its full length from now, and notes that the worker was heard.
pub(crate) async fn renew(db: &mut PgConnection, held: &Held, ttl: Duration) -> ApiResult<()> {
    // At most once a second, so that a worker's row is not written by each of its writes.
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
