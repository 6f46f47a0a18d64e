//! Creating a study.

use pedigree_protocol::dataset::Dataset;
use pedigree_protocol::finals::FinalData;
use pedigree_protocol::objective::Goal;
use pedigree_protocol::study::{Study, StudySpec};
use pedigree_protocol::{DatasetId, GridId, StudyId, TokenId};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::backbone::promise::Source;
use crate::error::{ApiError, ApiResult};
use crate::queue::entry::{self, NewEntry, Retries, count};
use crate::queue::work::Work;
use crate::study::studies::Studies;
use crate::study::{advance, view};
use crate::{backbone, dataset, db, name};

/// Creates a study and proposes its first trials. The same specification under the same name again answers the study
/// that is there.
pub(crate) async fn create(studies: &Studies, spec: StudySpec, owner: Option<TokenId>) -> ApiResult<Study> {
    create_in(studies, spec, owner, None).await
}

/// [`create`], in a grid: the study has the grid's owner, hold and priority.
pub(crate) async fn create_in(
    studies: &Studies,
    spec: StudySpec,
    owner: Option<TokenId>,
    grid: Option<GridId>,
) -> ApiResult<Study> {
    let pool = &studies.pool;
    name::check("study", &spec.name)?;
    check(&spec)?;
    if view::find(pool, &spec.name).await?.is_none() {
        add(pool, &spec, owner, grid).await?;
    }
    match view::find(pool, &spec.name).await? {
        Some(study) if study.spec == spec => {
            advance(studies, study.id).await?;
            view::by_id(pool, study.id).await
        }
        Some(_) => Err(ApiError::conflict(format!(
            "a study {:?} with another specification exists already; choose another name",
            spec.name
        ))),
        None => Err(entry::taken(pool, &spec.name).await?),
    }
}

/// Adds the study, unless another entry of the queue has its name by now.
async fn add(pool: &PgPool, spec: &StudySpec, owner: Option<TokenId>, grid: Option<GridId>) -> ApiResult<()> {
    let dataset = dataset::sql::get(pool, &spec.dataset).await?;
    db::transaction(pool, async |db| {
        let (id, backbone) = (StudyId::new(), backbone::sql::source(db, &spec.backbone).await?);
        let entry = NewEntry { owner, grid, ..new_entry(id, spec, &dataset, backbone) };
        if entry::insert(db, entry).await? {
            insert(db, id, dataset.id, spec).await?;
        }
        Ok(())
    })
    .await
}

fn new_entry<'a>(id: StudyId, spec: &'a StudySpec, dataset: &Dataset, backbone: Source) -> NewEntry<'a> {
    let splits = &dataset.spec.splits;
    NewEntry {
        id: id.into(),
        name: &spec.name,
        owner: None,
        grid: None,
        priority: spec.priority,
        resources: &spec.resources,
        max_concurrent: spec.max_concurrent,
        retries: Retries { run: spec.retries, lost: spec.lost_retries, total: spec.study_retries() },
        backbone,
        work: Work::Train {
            fixed: spec.fixed.clone(),
            metric: spec.metric,
            pruner: spec.pruner.clone(),
            train: splits.train.sha256.clone(),
            dev: splits.dev.sha256.clone(),
        },
    }
}

async fn insert(db: &mut PgConnection, id: StudyId, dataset: DatasetId, spec: &StudySpec) -> ApiResult<()> {
    sqlx::query!(
        "INSERT INTO studies (id, dataset_id, spec, trials, maximize) VALUES ($1, $2, $3, $4, $5)",
        id.0,
        dataset.0,
        Json(spec) as _,
        count("trials", spec.trials, 1)?,
        spec.metric.goal == Goal::Maximize,
    )
    .execute(db)
    .await?;
    tracing::info!(study = spec.name, trials = spec.trials, "study created");
    Ok(())
}

fn check(spec: &StudySpec) -> ApiResult<()> {
    spec.parameters.check_grids().map_err(|error| ApiError::invalid(format!("parameters.{error}")))?;
    if let Err((key, message)) = spec.pruner.check() {
        return Err(ApiError::invalid(format!("pruner.{key}: {message}")));
    }
    if let Err((key, message)) = spec.finals.check() {
        return Err(ApiError::invalid(format!("final.{key}: {message}")));
    }
    can_be_done(spec)?;
    let twice = spec.parameters.dimensions().iter().find(|d| spec.fixed.contains_key(&d.name));
    match twice {
        Some(d) => {
            Err(ApiError::invalid(format!("{}: is both searched and fixed; keep one of them", d.name)))
        }
        None => Ok(()),
    }
}

/// Refuses what may be asked for and what no worker of this release can do.
pub(crate) fn can_be_done(spec: &StudySpec) -> ApiResult<()> {
    if spec.finals.data == FinalData::TrainDev {
        return Err(ApiError::invalid(
            "final.data: train+dev cannot be trained by this release, whose final runs keep dev apart; write train",
        ));
    }
    Ok(())
}
