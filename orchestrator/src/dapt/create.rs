//! Queueing a pretraining.

use pedigree_protocol::backbone::Backbone;
use pedigree_protocol::dapt::{Dapt, DaptSpec};
use pedigree_protocol::{GridId, PretrainingId, RunId, TokenId};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::backbone::promise::Source;
use crate::dapt::view;
use crate::error::{ApiError, ApiResult};
use crate::queue::entry::{self, NewEntry, Retries};
use crate::queue::work::Work;
use crate::{artifact, backbone, db, name};

/// Queues a pretraining. The same specification under the same name again answers the pretraining that is there.
pub(crate) async fn create(pool: &PgPool, spec: DaptSpec, owner: Option<TokenId>) -> ApiResult<Dapt> {
    create_in(pool, spec, owner, None).await
}

/// [`create`], in a grid: the pretraining has the grid's owner, hold and priority.
pub(crate) async fn create_in(
    pool: &PgPool,
    spec: DaptSpec,
    owner: Option<TokenId>,
    grid: Option<GridId>,
) -> ApiResult<Dapt> {
    name::check("pretraining", &spec.name)?;
    spec.leaves.iter().try_for_each(|name| name::check("backbone", name))?;
    let backbone = backbone::sql::get(pool, &spec.backbone).await?;
    check(pool, &spec, &backbone).await?;
    db::transaction(pool, async |db| {
        artifact::sql::check_uploaded(db, &[spec.passages.clone(), spec.held_out.clone()]).await?;
        let id = PretrainingId::new();
        let entry = NewEntry { owner, grid, ..new_entry(id, &spec, &backbone) };
        if entry::insert(db, entry).await? {
            insert(db, id, &spec).await?;
            if let Some(name) = &spec.leaves {
                backbone::promise::make(db, name, id).await?;
            }
        }
        Ok(())
    })
    .await?;
    match view::find(pool, &spec.name).await? {
        Some(dapt) if dapt.spec == spec => Ok(dapt),
        _ => Err(entry::taken(pool, &spec.name).await?),
    }
}

fn new_entry<'a>(id: PretrainingId, spec: &'a DaptSpec, backbone: &Backbone) -> NewEntry<'a> {
    let (passages, held_out) = (spec.passages.sha256.clone(), spec.held_out.sha256.clone());
    NewEntry {
        id: id.into(),
        name: &spec.name,
        owner: None,
        grid: None,
        priority: spec.priority,
        resources: &spec.resources,
        max_concurrent: 1,
        retries: Retries { run: spec.retries, lost: spec.lost_retries, total: spec.retries },
        backbone: Source::Registered(backbone.id),
        work: Work::Adapt { passages, held_out },
    }
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

async fn insert(db: &mut PgConnection, id: PretrainingId, spec: &DaptSpec) -> ApiResult<()> {
    sqlx::query!(
        "INSERT INTO pretrainings (id, spec, passages_sha256, held_out_sha256) VALUES ($1, $2, $3, $4)",
        id.0,
        Json(spec) as _,
        spec.passages.sha256.as_str(),
        spec.held_out.sha256.as_str(),
    )
    .execute(&mut *db)
    .await?;
    let run = RunId::new();
    sqlx::query!(
        "INSERT INTO runs (id, queue_id, kind, params, seed) VALUES ($1, $2, 'dapt', $3, $4)",
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
