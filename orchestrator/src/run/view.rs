//! Runs as they are shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use pedigree_protocol::lease::TrainedModel;
use pedigree_protocol::run::{FailureCause, Run, RunFilter, RunKind, RunState};
use pedigree_protocol::run_detail::{AdaptDetail, RunDetail, RunReports, RunWork, TestDetail, TrainDetail};
use pedigree_protocol::{Attempt, ParamValues, QueueId, RunId, StudyId, suggestion};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

use crate::error::{ApiError, ApiResult};
use crate::lease;
use crate::queue::work::Work;
use crate::run::report;
use crate::run::trial::failure;

/// One run.
pub(crate) async fn get(pool: &PgPool, id: RunId) -> ApiResult<Run> {
    let found = select(pool, Selection { runs: &[id], ..Selection::default() }).await?.into_iter().next();
    found.ok_or_else(|| unknown(id))
}

/// Several runs, by their ids.
pub(crate) async fn by_ids(pool: &PgPool, ids: &[RunId]) -> ApiResult<BTreeMap<RunId, Run>> {
    let selection = Selection { runs: ids, ..Selection::default() };
    Ok(select(pool, selection).await?.into_iter().map(|run| (run.id, run)).collect())
}

/// Everything about one run.
pub(crate) async fn detail(pool: &PgPool, id: RunId) -> ApiResult<RunDetail> {
    let run = get(pool, id).await?;
    let select = sqlx::query!(
        r#"SELECT q.name, q.work AS "work: Json<Work>", r.summary,
               r.suggestion AS "suggestion: Json<suggestion::Record>",
               r.models AS "models: Json<Vec<TrainedModel>>"
           FROM runs r JOIN queue q ON q.id = r.queue_id WHERE r.id = $1"#,
        id.0
    );
    let row = select.fetch_one(pool).await?;
    let work = match run.kind {
        RunKind::Trial | RunKind::Final => RunWork::Train(Box::new(TrainDetail {
            fixed: row.work.fixed(),
            suggestion: row.suggestion.map(|record| record.0),
            reports: report::of_attempt(pool, id, run.attempt).await?,
            summary: row.summary.map(read).transpose()?,
        })),
        RunKind::Dapt => RunWork::Adapt(AdaptDetail {
            reports: report::of_attempt(pool, id, run.attempt).await?,
            summary: row.summary.map(read).transpose()?,
        }),
        RunKind::Test => RunWork::Test(TestDetail {
            models: row.models.map(|models| models.0).unwrap_or_default(),
            summary: row.summary.map(read).transpose()?,
        }),
    };
    let attempts = lease::view::of_run(pool, id).await?;
    Ok(RunDetail { run, queue_name: row.name, attempts, work })
}

/// The epoch reports of one attempt.
pub(crate) async fn reports(pool: &PgPool, run: RunId, attempt: Attempt) -> ApiResult<RunReports> {
    let select = sqlx::query_scalar!(
        r#"SELECT r.kind AS "kind: RunKind" FROM runs r JOIN attempts a ON a.run_id = r.id
           WHERE r.id = $1 AND a.attempt = $2"#,
        run.0,
        attempt.0
    );
    Ok(match select.fetch_optional(pool).await? {
        Some(RunKind::Trial | RunKind::Final) => {
            RunReports::Train { items: report::of_attempt(pool, run, attempt).await? }
        }
        Some(RunKind::Test) => RunReports::Test,
        Some(RunKind::Dapt) => RunReports::Adapt { items: report::of_attempt(pool, run, attempt).await? },
        None => {
            get(pool, run).await?;
            return Err(ApiError::not_found(format!("run {run} has no attempt {attempt}")));
        }
    })
}

fn read<T: DeserializeOwned>(summary: Value) -> ApiResult<T> {
    serde_json::from_value(summary).map_err(|error| ApiError::Broken(format!("a stored summary: {error}")))
}

/// The answer about a run that is not there.
pub(crate) fn unknown(run: RunId) -> ApiError {
    ApiError::not_found(format!("there is no run {run}"))
}

/// The key of a study's runs: trials by number, then the final run, which has none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunKey {
    pub(crate) number: Option<i32>,
    pub(crate) id: Uuid,
}

impl RunKey {
    /// What the database orders by: no number comes last.
    pub(crate) fn position(self) -> i32 {
        self.number.unwrap_or(i32::MAX)
    }

    pub(super) const fn of(run: &Run) -> Self {
        Self { number: run.number, id: run.id.0 }
    }
}

/// Which runs are read: those of a study that the filter lets through, or several by their ids.
#[derive(Default)]
pub(super) struct Selection<'a> {
    pub(super) study: Option<StudyId>,
    pub(super) runs: &'a [RunId],
    pub(super) filter: RunFilter,
    pub(super) after: Option<RunKey>,
    pub(super) limit: Option<i64>,
}

/// The runs of the selection: trials by number, then others.
pub(super) async fn select(pool: &PgPool, wanted: Selection<'_>) -> ApiResult<Vec<Run>> {
    let ids: Vec<Uuid> = wanted.runs.iter().map(|id| id.0).collect();
    let select = sqlx::query_file_as!(
        Row,
        "src/run/view.sql",
        wanted.study.map(|id| id.0),
        &ids,
        wanted.filter.state as _,
        wanted.filter.kind as _,
        wanted.filter.since,
        wanted.after.map(RunKey::position),
        wanted.after.map(|after| after.id),
        wanted.limit,
    );
    Ok(select.fetch_all(pool).await?.into_iter().map(Row::into_run).collect())
}

struct Row {
    id: Uuid,
    queue_id: Uuid,
    kind: RunKind,
    number: Option<i32>,
    replicate: Option<i32>,
    state: RunState,
    attempt: i32,
    params: Json<ParamValues>,
    value: Option<f64>,
    best_so_far: Option<f64>,
    epochs: i32,
    failure_cause: Option<FailureCause>,
    failure_message: Option<String>,
    failure_evidence: Option<String>,
    paused: bool,
    cancelling: bool,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl Row {
    fn into_run(self) -> Run {
        Run {
            id: RunId(self.id),
            queue_id: QueueId(self.queue_id),
            kind: self.kind,
            number: self.number,
            replicate: self.replicate,
            state: self.state,
            attempt: Attempt(self.attempt),
            params: self.params.0,
            value: self.value,
            best_so_far: self.best_so_far,
            epochs: self.epochs,
            failure: failure(self.failure_cause, self.failure_message, self.failure_evidence),
            paused: self.paused,
            cancelling: self.cancelling,
            created_at: self.created_at,
            started_at: self.started_at,
            ended_at: self.ended_at,
        }
    }
}
