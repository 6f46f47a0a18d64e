//! Pretrainings as they are shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::dapt::{Dapt, DaptSpec, DaptSummary};
use pedigree_protocol::page::{Page, PageQuery};
use pedigree_protocol::resources::Hold;
use pedigree_protocol::run::{Run, RunState};
use pedigree_protocol::{PretrainingId, RunId};
use sqlx::types::Json;
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use crate::artifact::sql::parse;
use crate::error::{ApiError, ApiResult};
use crate::page::{Newest, Wanted};
use crate::queue::waiting::{self, Asking};
use crate::{name, run};

/// A page of the pretrainings, newest first.
pub(crate) async fn list(pool: &PgPool, page: &PageQuery) -> ApiResult<Page<Dapt>> {
    let wanted = Wanted::<Newest>::read(page)?;
    let (after, limit) = (wanted.after, Some(wanted.rows()));
    let dapts = select(pool, Selection { name: None, after, limit }).await?;
    let total = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM pretrainings"#);
    wanted.cut(dapts, total.fetch_one(pool).await?, |dapt| Newest { at: dapt.created_at, id: dapt.id.0 })
}

/// The pretraining of that name; else a sentence that lists the names that there are.
pub(super) async fn get(pool: &PgPool, name: &str) -> ApiResult<Dapt> {
    match find(pool, name).await? {
        Some(dapt) => Ok(dapt),
        None => Err(unknown(pool, name).await?),
    }
}

/// The answer about a name that no pretraining has: it lists the names that there are.
pub(super) async fn unknown(db: impl PgExecutor<'_>, name: &str) -> ApiResult<ApiError> {
    let select =
        sqlx::query_scalar!("SELECT q.name FROM pretrainings p JOIN queue q ON q.id = p.id ORDER BY q.name");
    let known = name::known("pretraining", &select.fetch_all(db).await?);
    Ok(ApiError::not_found(format!("there is no pretraining {name:?}; {known}")))
}

/// The pretraining of that name, if there is one.
pub(super) async fn find(pool: &PgPool, name: &str) -> ApiResult<Option<Dapt>> {
    Ok(select(pool, Selection { name: Some(name), after: None, limit: None }).await?.into_iter().next())
}

struct Row {
    id: Uuid,
    spec: Json<DaptSpec>,
    created_at: DateTime<Utc>,
    hold: Hold,
    priority: i32,
    owner: Option<String>,
    run_id: Uuid,
    summary: Option<Json<DaptSummary>>,
}

impl Row {
    fn into_dapt(self, run: Run, adapter: Vec<ArtifactFile>) -> Dapt {
        Dapt {
            id: PretrainingId(self.id),
            spec: self.spec.0,
            run,
            hold: self.hold,
            priority: self.priority,
            owner: self.owner,
            waits: None,
            summary: self.summary.map(|summary| summary.0),
            adapter,
            created_at: self.created_at,
        }
    }
}

/// Which pretrainings are read.
struct Selection<'a> {
    name: Option<&'a str>,
    after: Option<Newest>,
    limit: Option<i64>,
}

async fn select(pool: &PgPool, wanted: Selection<'_>) -> ApiResult<Vec<Dapt>> {
    let select = sqlx::query_as!(
        Row,
        r#"SELECT p.id, p.spec AS "spec: Json<DaptSpec>", q.created_at, q.hold AS "hold: Hold", q.priority, q.owner,
               r.id AS run_id, r.summary AS "summary: Json<DaptSummary>"
           FROM pretrainings p JOIN queue q ON q.id = p.id JOIN runs r ON r.queue_id = p.id
           WHERE ($1::text IS NULL OR q.name = $1)
               AND ($2::timestamptz IS NULL OR (q.created_at, q.id) < ($2, $3::uuid))
           ORDER BY q.created_at DESC, q.id DESC LIMIT $4"#,
        wanted.name,
        wanted.after.map(|after| after.at),
        wanted.after.map(|after| after.id),
        wanted.limit,
    );
    let rows = select.fetch_all(pool).await?;
    let ids: Vec<RunId> = rows.iter().map(|row| RunId(row.run_id)).collect();
    let mut runs = run::view::by_ids(pool, &ids).await?;
    let mut adapters = adapters(pool, &ids).await?;
    let shown = rows.into_iter().filter_map(|row| {
        let run = runs.remove(&RunId(row.run_id))?;
        let adapter = adapters.remove(&run.id).unwrap_or_default();
        Some(row.into_dapt(run, adapter))
    });
    explained(pool, shown.collect()).await
}

/// With the reason why each waiting one waits.
async fn explained(pool: &PgPool, mut all: Vec<Dapt>) -> ApiResult<Vec<Dapt>> {
    let waiting = all.iter().filter(|dapt| dapt.run.state == RunState::Waiting);
    let asking: Vec<Asking<'_>> = waiting
        .map(|dapt| Asking {
            id: dapt.id.into(),
            resources: &dapt.spec.resources,
            hold: dapt.hold,
            resume: "pedigree dapt resume",
            resume_run: "pedigree dapt resume",
        })
        .collect();
    let mut waits = waiting::explain(pool, &asking).await?;
    all.iter_mut().for_each(|dapt| dapt.waits = waits.remove(&dapt.id.into()));
    Ok(all)
}

/// The files of the adapter that the completed attempt of each run left.
pub(super) async fn adapters(
    db: impl PgExecutor<'_>,
    runs: &[RunId],
) -> ApiResult<BTreeMap<RunId, Vec<ArtifactFile>>> {
    let select = sqlx::query!(
        "SELECT a.run_id, l.name, l.sha256, f.bytes
         FROM attempts a JOIN attempt_artifacts l USING (run_id, attempt) JOIN artifacts f USING (sha256)
         WHERE a.run_id = ANY ($1) AND a.state = 'completed' AND l.name LIKE 'adapter/%' ORDER BY l.name",
        &runs.iter().map(|run| run.0).collect::<Vec<_>>()
    );
    let mut files: BTreeMap<RunId, Vec<ArtifactFile>> = BTreeMap::new();
    for row in select.fetch_all(db).await? {
        let file = ArtifactFile { name: row.name, sha256: parse(&row.sha256)?, bytes: row.bytes };
        files.entry(RunId(row.run_id)).or_default().push(file);
    }
    Ok(files)
}
