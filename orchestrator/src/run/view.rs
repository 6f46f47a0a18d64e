//! Runs as they are shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use pedigree_protocol::run::{FailureCause, Run, RunKind, RunState};
use pedigree_protocol::run_detail::{AdaptDetail, RunDetail, RunWork, TrainDetail};
use pedigree_protocol::{Attempt, ParamValues, QueueId, RunId, StudyId, suggestion};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

use crate::error::{ApiError, ApiResult};
use crate::lease;
use crate::queue::work::Work;
use crate::run::report;
use crate::run::trial::failure;

/// The runs of a study: trials by number, then the final run.
pub(crate) async fn of_study(pool: &PgPool, study: StudyId) -> ApiResult<Vec<Run>> {
    select(pool, Some(study), &[]).await
}

/// One run.
pub(crate) async fn get(pool: &PgPool, id: RunId) -> ApiResult<Run> {
    let found = select(pool, None, &[id]).await?.into_iter().next();
    found.ok_or_else(|| unknown(id))
}

/// Several runs, by their ids.
pub(crate) async fn by_ids(pool: &PgPool, ids: &[RunId]) -> ApiResult<BTreeMap<RunId, Run>> {
    Ok(select(pool, None, ids).await?.into_iter().map(|run| (run.id, run)).collect())
}

/// Everything about one run.
pub(crate) async fn detail(pool: &PgPool, id: RunId) -> ApiResult<RunDetail> {
    let run = get(pool, id).await?;
    let select = sqlx::query!(
        r#"SELECT q.name, q.work AS "work: Json<Work>", r.summary,
               r.suggestion AS "suggestion: Json<suggestion::Record>"
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
    };
    let attempts = lease::view::of_run(pool, id).await?;
    Ok(RunDetail { run, queue_name: row.name, attempts, work })
}

fn read<T: DeserializeOwned>(summary: Value) -> ApiResult<T> {
    serde_json::from_value(summary).map_err(|error| ApiError::Broken(format!("a stored summary: {error}")))
}

/// The answer about a run that is not there.
pub(crate) fn unknown(run: RunId) -> ApiError {
    ApiError::not_found(format!("there is no run {run}"))
}

async fn select(pool: &PgPool, study: Option<StudyId>, runs: &[RunId]) -> ApiResult<Vec<Run>> {
    let ids: Vec<Uuid> = runs.iter().map(|id| id.0).collect();
    let select = sqlx::query_file_as!(Row, "src/run/view.sql", study.map(|id| id.0), &ids);
    Ok(select.fetch_all(pool).await?.into_iter().map(Row::into_run).collect())
}

struct Row {
    id: Uuid,
    queue_id: Uuid,
    kind: RunKind,
    number: Option<i32>,
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
