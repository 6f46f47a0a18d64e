//! Runs as they are shown.

use chrono::{DateTime, Utc};
use pedigree_protocol::dapt::DaptSummary;
use pedigree_protocol::report::{EpochReport, RunSummary};
use pedigree_protocol::run::{AttemptReport, FailureCause, Run, RunDetail, RunKind, RunState};
use pedigree_protocol::{Attempt, ParamValues, RunId, StudyId, suggestion};
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

use crate::error::{ApiError, ApiResult};
use crate::run::trial::failure;
use crate::{dapt, lease};

/// The runs of a study: trials by number, then the final run.
pub(crate) async fn of_study(pool: &PgPool, study: StudyId) -> ApiResult<Vec<Run>> {
    select(pool, Some(study), None).await
}

/// One run.
pub(crate) async fn get(pool: &PgPool, id: RunId) -> ApiResult<Run> {
    let found = select(pool, None, Some(id)).await?.into_iter().next();
    found.ok_or_else(|| unknown(id))
}

/// Everything about one run.
pub(crate) async fn detail(pool: &PgPool, id: RunId) -> ApiResult<RunDetail> {
    let run = get(pool, id).await?;
    let row = sqlx::query!(
        r#"SELECT s.name, s.spec -> 'fixed' AS "fixed: Json<ParamValues>",
               r.suggestion AS "suggestion: Json<suggestion::Record>",
               CASE WHEN r.kind <> 'dapt' THEN r.summary END AS "summary: Json<RunSummary>",
               CASE WHEN r.kind = 'dapt' THEN r.summary END AS "dapt_summary: Json<DaptSummary>"
           FROM runs r JOIN studies s ON s.id = r.study_id WHERE r.id = $1"#,
        id.0
    );
    let row = row.fetch_one(pool).await?;
    let (reports, dapt_reports) = match run.kind {
        RunKind::Dapt => (Vec::new(), dapt::view::reports(pool, id).await?),
        RunKind::Trial | RunKind::Final => (reports(pool, id).await?, Vec::new()),
    };
    Ok(RunDetail {
        run,
        study_name: row.name,
        fixed: row.fixed.map_or_else(ParamValues::new, |fixed| fixed.0),
        suggestion: row.suggestion.map(|record| record.0),
        attempts: lease::view::of_run(pool, id).await?,
        reports,
        summary: row.summary.map(|summary| summary.0),
        dapt_reports,
        dapt_summary: row.dapt_summary.map(|summary| summary.0),
    })
}

/// The answer about a run that is not there.
pub(crate) fn unknown(run: RunId) -> ApiError {
    ApiError::not_found(format!("there is no run {run}"))
}

async fn select(pool: &PgPool, study: Option<StudyId>, run: Option<RunId>) -> ApiResult<Vec<Run>> {
    let rows = sqlx::query_file_as!(Row, "src/run/view.sql", study.map(|id| id.0), run.map(|id| id.0));
    Ok(rows.fetch_all(pool).await?.into_iter().map(Row::into_run).collect())
}

async fn reports(pool: &PgPool, run: RunId) -> ApiResult<Vec<AttemptReport>> {
    let rows = sqlx::query!(
        r#"SELECT attempt, received_at, metrics AS "metrics: Json<EpochReport>" FROM reports
           WHERE run_id = $1 ORDER BY attempt, epoch"#,
        run.0
    );
    let report = |attempt, received_at, metrics| AttemptReport { attempt, received_at, metrics };
    let rows = rows.fetch_all(pool).await?.into_iter();
    Ok(rows.map(|row| report(Attempt(row.attempt), row.received_at, row.metrics.0)).collect())
}

struct Row {
    id: Uuid,
    study_id: Uuid,
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
            study_id: StudyId(self.study_id),
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
