//! Queueing a pretraining, and the end of its place in the queue.

use pedigree_protocol::backbone::Backbone;
use pedigree_protocol::dapt::{Dapt, DaptSpec};
use pedigree_protocol::{RunId, StudyId, TokenId};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::dapt::view;
use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::study::{control, count};
use crate::{artifact, backbone, name};

/// Queues a pretraining. The same specification under the same name again is the one that is there.
pub(crate) async fn create(pool: &PgPool, spec: DaptSpec, owner: Option<TokenId>) -> ApiResult<Dapt> {
    name::check("pretraining", &spec.name)?;
    control::check_priority(spec.priority)?;
    let backbone = backbone::sql::get(pool, &spec.backbone).await?;
    check(pool, &spec, &backbone).await?;
    let mut tx = db::begin(pool).await?;
    artifact::sql::check_uploaded(&mut tx, &[spec.passages.clone(), spec.held_out.clone()]).await?;
    let id = StudyId::new();
    if insert(&mut tx, id, &spec, &backbone, owner).await? {
        insert_run(&mut tx, id, &spec).await?;
    }
    tx.commit().await?;
    match view::find(pool, &spec.name).await? {
        Some(dapt) if dapt.spec == spec => Ok(dapt),
        Some(_) => Err(taken(&spec.name, "a pretraining")),
        None => Err(taken(&spec.name, "a study")),
    }
}

/// The answer about a name that something else has.
pub(crate) fn taken(name: &str, by: &str) -> ApiError {
    ApiError::conflict(format!("{by} is called {name:?} already and is another one; choose another name"))
}

async fn check(pool: &PgPool, spec: &DaptSpec, backbone: &Backbone) -> ApiResult<()> {
    if backbone.spec.start_adapter.is_some() {
        return Err(ApiError::invalid(format!(
            "backbone: {:?} starts from an adapter of an earlier pretraining; give the backbone without it",
            spec.backbone
        )));
    }
    if spec.passages.sha256 == spec.held_out.sha256 {
        return Err(ApiError::invalid(
            "held_out: is the same text as passages; give text of other documents, or what is measured means nothing",
        ));
    }
    for (key, file) in [("passages", &spec.passages), ("held_out", &spec.held_out)] {
        let mut db = pool.acquire().await?;
        if artifact::sql::find(&mut db, &file.sha256).await?.is_some_and(|known| known.sealed) {
            return Err(ApiError::sealed(format!(
                "{key}: is a sealed test split, which nothing is trained on"
            )));
        }
    }
    Ok(())
}

/// Whether it was new. Its state is `finishing` from the start: all of its runs are there.
async fn insert(
    db: &mut PgConnection,
    id: StudyId,
    spec: &DaptSpec,
    backbone: &Backbone,
    owner: Option<TokenId>,
) -> ApiResult<bool> {
    let walltime = spec.resources.walltime_s.map(|seconds| count("resources.walltime", seconds, 1));
    let done = sqlx::query!(
        "INSERT INTO studies (id, name, backbone_id, passages_sha256, held_out_sha256, spec, state, trials, max_concurrent,
             retries, maximize, priority, owner, gpu_model, min_memory_bytes, walltime_s)
         VALUES ($1, $2, $3, $4, $5, $6, 'finishing', 1, 1, $7, false, $8, (SELECT name FROM tokens WHERE id = $9),
             $10, $11, $12)
         ON CONFLICT (name) DO NOTHING",
        id.0,
        spec.name,
        backbone.id.0,
        spec.passages.sha256.as_str(),
        spec.held_out.sha256.as_str(),
        Json(spec) as _,
        count("retries", spec.retries, 0)?,
        spec.priority,
        owner.map(|token| token.0),
        spec.resources.gpu_model,
        spec.resources.min_memory_bytes(),
        walltime.transpose()?,
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

async fn insert_run(db: &mut PgConnection, id: StudyId, spec: &DaptSpec) -> ApiResult<()> {
    let run = RunId::new();
    sqlx::query!(
        "INSERT INTO runs (id, study_id, kind, params, seed) VALUES ($1, $2, 'dapt', $3, $4)",
        run.0,
        id.0,
        Json(&spec.params) as _,
        i64::from(spec.seed),
    )
    .execute(db)
    .await?;
    tracing::info!(dapt = spec.name, backbone = spec.backbone, run.id = %run, "pretraining queued");
    Ok(())
}

/// Ends a pretraining whose run has ended; does nothing to any other, nor to a study.
pub(crate) async fn end(db: &mut PgConnection, id: StudyId) -> ApiResult<()> {
    sqlx::query!(
        "UPDATE studies s
         SET state = CASE r.state WHEN 'completed' THEN 'completed' WHEN 'failed' THEN 'failed' ELSE 'cancelled' END::study_state,
             failure = CASE WHEN r.state = 'failed' THEN r.failure_message END, ended_at = now()
         FROM runs r
         WHERE s.id = $1 AND s.dataset_id IS NULL AND s.ended_at IS NULL AND r.study_id = s.id AND r.ended_at IS NOT NULL",
        id.0
    )
    .execute(db)
    .await?;
    Ok(())
}
