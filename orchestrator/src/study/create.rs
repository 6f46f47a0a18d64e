//! Creating a study.

use pedigree_protocol::objective::Goal;
use pedigree_protocol::study::{Study, StudySpec};
use pedigree_protocol::{BackboneId, DatasetId, StudyId, TokenId};
use sqlx::PgPool;
use sqlx::types::Json;

use crate::error::{ApiError, ApiResult};
use crate::study::{advance, control, view};
use crate::{backbone, dapt, dataset, name};

/// Creates a study and proposes its first trials. The same specification under the same name again is the study that
/// is there.
pub(crate) async fn create(pool: &PgPool, spec: StudySpec, owner: Option<TokenId>) -> ApiResult<Study> {
    name::check("study", &spec.name)?;
    check(&spec)?;
    let dataset = dataset::sql::get(pool, &spec.dataset).await?;
    let backbone = backbone::sql::get(pool, &spec.backbone).await?;
    if dapt::view::find(pool, &spec.name).await?.is_some() {
        return Err(dapt::create::taken(&spec.name, "a pretraining"));
    }
    insert(pool, &spec, (dataset.id, backbone.id), owner).await?;
    let study = view::get(pool, &spec.name).await?;
    if study.spec != spec {
        return Err(ApiError::conflict(format!(
            "a study {:?} with another specification exists already; choose another name",
            spec.name
        )));
    }
    advance(pool, study.id).await?;
    view::get(pool, &spec.name).await
}

async fn insert(
    pool: &PgPool,
    spec: &StudySpec,
    (dataset, backbone): (DatasetId, BackboneId),
    owner: Option<TokenId>,
) -> ApiResult<()> {
    let walltime = spec.resources.walltime_s.map(|seconds| count("resources.walltime", seconds, 1));
    let done = sqlx::query!(
        "INSERT INTO studies (id, name, dataset_id, backbone_id, spec, trials, max_concurrent, retries, maximize, priority,
             owner, gpu_model, min_memory_bytes, walltime_s)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, (SELECT name FROM tokens WHERE id = $11), $12, $13, $14)
         ON CONFLICT (name) DO NOTHING",
        StudyId::new().0,
        spec.name,
        dataset.0,
        backbone.0,
        Json(spec) as _,
        count("trials", spec.trials, 1)?,
        count("max_concurrent", spec.max_concurrent, 1)?,
        count("retries", spec.retries, 0)?,
        spec.metric.goal == Goal::Maximize,
        spec.priority,
        owner.map(|token| token.0),
        spec.resources.gpu_model,
        spec.resources.min_memory_bytes(),
        walltime.transpose()?,
    );
    if done.execute(pool).await?.rows_affected() == 1 {
        tracing::info!(study = spec.name, trials = spec.trials, "study created");
    }
    Ok(())
}

fn check(spec: &StudySpec) -> ApiResult<()> {
    control::check_priority(spec.priority)?;
    if let Err((key, message)) = spec.pruner.check() {
        return Err(ApiError::invalid(format!("pruner.{key}: {message}")));
    }
    let twice = spec.parameters.dimensions().iter().find(|d| spec.fixed.contains_key(&d.name));
    match twice {
        Some(d) => {
            Err(ApiError::invalid(format!("{}: is both searched and fixed; keep one of them", d.name)))
        }
        None => Ok(()),
    }
}

/// A count as the database keeps it.
pub(crate) fn count(key: &str, value: u32, least: i32) -> ApiResult<i32> {
    match i32::try_from(value) {
        Ok(value) if value >= least => Ok(value),
        _ => Err(ApiError::invalid(format!("{key}: {value} must lie in {least}..={}", i32::MAX))),
    }
}
