//! Pretrainings as they are shown.

use chrono::{DateTime, Utc};
use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::dapt::{Dapt, DaptAttemptReport, DaptReport, DaptSpec, DaptSummary};
use pedigree_protocol::resources::Hold;
use pedigree_protocol::run::RunState;
use pedigree_protocol::{Attempt, RunId, StudyId};
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

use crate::artifact::sql::parse;
use crate::error::{ApiError, ApiResult};
use crate::study::waiting::{self, Asking};
use crate::{name, run};

/// All pretrainings, newest first. There are few: one for each backbone and text.
pub(crate) async fn list(pool: &PgPool) -> ApiResult<Vec<Dapt>> {
    select(pool, None).await
}

/// The pretraining of that name; else a sentence that lists the names that there are.
pub(crate) async fn get(pool: &PgPool, name: &str) -> ApiResult<Dapt> {
    if let Some(dapt) = find(pool, name).await? {
        return Ok(dapt);
    }
    let names = sqlx::query_scalar!("SELECT name FROM studies WHERE dataset_id IS NULL ORDER BY name");
    let known = name::known("pretraining", &names.fetch_all(pool).await?);
    Err(ApiError::not_found(format!("there is no pretraining {name:?}; {known}")))
}

/// The pretraining of that name, if there is one.
pub(crate) async fn find(pool: &PgPool, name: &str) -> ApiResult<Option<Dapt>> {
    Ok(select(pool, Some(name)).await?.into_iter().next())
}

/// What the attempts of a pretraining's run reported, by attempt and epoch.
pub(crate) async fn reports(pool: &PgPool, run: RunId) -> ApiResult<Vec<DaptAttemptReport>> {
    let rows = sqlx::query!(
        r#"SELECT attempt, received_at, metrics AS "metrics: Json<DaptReport>" FROM reports
           WHERE run_id = $1 ORDER BY attempt, epoch"#,
        run.0
    );
    let report = |attempt, received_at, metrics| DaptAttemptReport { attempt, received_at, metrics };
    let rows = rows.fetch_all(pool).await?.into_iter();
    Ok(rows.map(|row| report(Attempt(row.attempt), row.received_at, row.metrics.0)).collect())
}

struct Row {
    id: Uuid,
    spec: Json<DaptSpec>,
    created_at: DateTime<Utc>,
    hold: Hold,
    run_id: Uuid,
    summary: Option<Json<DaptSummary>>,
}

async fn select(pool: &PgPool, name: Option<&str>) -> ApiResult<Vec<Dapt>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT s.id, s.spec AS "spec: Json<DaptSpec>", s.created_at, s.hold AS "hold: Hold", r.id AS run_id,
               r.summary AS "summary: Json<DaptSummary>"
           FROM studies s JOIN runs r ON r.study_id = s.id
           WHERE s.dataset_id IS NULL AND (s.name = $1 OR $1 IS NULL)
           ORDER BY s.created_at DESC, s.id DESC"#,
        name
    );
    let (mut all, mut holds) = (Vec::new(), Vec::new());
    for row in rows.fetch_all(pool).await? {
        let run = RunId(row.run_id);
        holds.push(row.hold);
        all.push(Dapt {
            id: StudyId(row.id),
            spec: row.spec.0,
            run: run::view::get(pool, run).await?,
            waits: None,
            summary: row.summary.map(|summary| summary.0),
            adapter: adapter(pool, run).await?,
            created_at: row.created_at,
        });
    }
    let waiting = all.iter().zip(holds).filter(|(dapt, _)| dapt.run.state == RunState::Waiting);
    let asking: Vec<Asking<'_>> =
        waiting.map(|(dapt, hold)| Asking { id: dapt.id, resources: &dapt.spec.resources, hold }).collect();
    let mut waits = waiting::explain(pool, &asking).await?;
    all.iter_mut().for_each(|dapt| dapt.waits = waits.remove(&dapt.id));
    Ok(all)
}

/// The files of the adapter that the completed attempt left.
async fn adapter(pool: &PgPool, run: RunId) -> ApiResult<Vec<ArtifactFile>> {
    let rows = sqlx::query!(
        "SELECT l.name, l.sha256, f.bytes
         FROM attempts a JOIN attempt_artifacts l USING (run_id, attempt) JOIN artifacts f USING (sha256)
         WHERE a.run_id = $1 AND a.state = 'completed' AND l.name LIKE 'adapter/%' ORDER BY l.name",
        run.0
    );
    let rows = rows.fetch_all(pool).await?.into_iter();
    rows.map(|row| Ok(ArtifactFile { name: row.name, sha256: parse(&row.sha256)?, bytes: row.bytes }))
        .collect()
}
