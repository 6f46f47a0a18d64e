//! The entries of the queue: their one INSERT, and what users change about them.

use pedigree_protocol::queue::{LEAST_PRIORITY, MOST_PRIORITY};
use pedigree_protocol::resources::{Hold, Resources};
use pedigree_protocol::{BackboneId, GridId, QueueId, TokenId};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::backbone::promise::Source;
use crate::error::{ApiError, ApiResult};
use crate::queue::work::Work;

/// An entry as its study or pretraining asks for it.
#[derive(Debug)]
pub(crate) struct NewEntry<'a> {
    pub(crate) id: QueueId,
    pub(crate) name: &'a str,
    pub(crate) owner: Option<TokenId>,
    /// The grid that it belongs to, from which it takes owner, hold and priority.
    pub(crate) grid: Option<GridId>,
    pub(crate) priority: i32,
    pub(crate) resources: &'a Resources,
    /// Live runs at most.
    pub(crate) max_concurrent: u32,
    pub(crate) retries: Retries,
    pub(crate) backbone: Source,
    pub(crate) work: Work,
}

/// How many further attempts are allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retries {
    /// Of one run, after failures.
    pub(crate) run: u32,
    /// Of one run, after losses.
    pub(crate) lost: u32,
    /// Of all runs together, after failures.
    pub(crate) total: u32,
}

/// Adds an entry; false where another one has its name.
///
/// # Errors
/// When a value is out of bounds, before anything is written.
pub(crate) async fn insert(db: &mut PgConnection, entry: NewEntry<'_>) -> ApiResult<bool> {
    check_priority(entry.priority)?;
    let (backbone, awaits) = match entry.backbone {
        Source::Registered(backbone) => (Some(backbone), None),
        Source::Promised(pretraining) => (None, Some(pretraining)),
    };
    let walltime = entry.resources.walltime_s.map(|seconds| count("resources.walltime", seconds, 1));
    let insert = sqlx::query!(
        "INSERT INTO queue (id, name, owner, priority, gpu_model, min_memory_bytes, walltime_s, max_concurrent, retries,
             lost_retries, total_retries, backbone_id, awaits, work, grid_id, hold)
         VALUES ($1, $2, coalesce((SELECT name FROM tokens WHERE id = $3), (SELECT owner FROM grids WHERE id = $15)),
             coalesce((SELECT priority FROM grids WHERE id = $15), $4), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
             coalesce((SELECT hold FROM grids WHERE id = $15), 'none'))
         ON CONFLICT (name) DO NOTHING",
        entry.id.0,
        entry.name,
        entry.owner.map(|token| token.0),
        entry.priority,
        entry.resources.gpu_model,
        entry.resources.min_memory_bytes(),
        walltime.transpose()?,
        count("max_concurrent", entry.max_concurrent, 1)?,
        count("retries", entry.retries.run, 0)?,
        count("lost_retries", entry.retries.lost, 0)?,
        count("study_retries", entry.retries.total, 0)?,
        backbone.map(|id| id.0),
        awaits.map(|id| id.0),
        Json(entry.work) as _,
        entry.grid.map(|grid| grid.0),
    );
    Ok(insert.execute(db).await?.rows_affected() == 1)
}

/// The answer about a name that another entry has.
pub(crate) async fn taken(pool: &PgPool, name: &str) -> ApiResult<ApiError> {
    let work = sqlx::query_scalar!(r#"SELECT work AS "work: Json<Work>" FROM queue WHERE name = $1"#, name);
    let noun = work.fetch_optional(pool).await?.map_or("another", |work| work.0.noun());
    let message = format!("the name {name:?} belongs to {noun} already; choose another name");
    Ok(ApiError::conflict(message))
}

/// Pauses an entry, or lets it go on.
pub(crate) async fn set_hold(db: &mut PgConnection, id: QueueId, hold: Hold) -> ApiResult<()> {
    sqlx::query!("UPDATE queue SET hold = $2 WHERE id = $1", id.0, hold as _).execute(db).await?;
    tracing::info!(queue.id = %id, ?hold, "hold changed");
    Ok(())
}

/// Gives an entry another priority.
pub(crate) async fn prioritise(db: &mut PgConnection, id: QueueId, priority: i32) -> ApiResult<()> {
    check_priority(priority)?;
    sqlx::query!("UPDATE queue SET priority = $2 WHERE id = $1", id.0, priority).execute(db).await?;
    Ok(())
}

/// Gives the backbone to every entry that awaits it.
pub(crate) async fn deliver(db: &mut PgConnection, from: QueueId, backbone: BackboneId) -> ApiResult<()> {
    sqlx::query!("UPDATE queue SET backbone_id = $2, awaits = NULL WHERE awaits = $1", from.0, backbone.0)
        .execute(db)
        .await?;
    Ok(())
}

/// The name of the entry that this one awaits, if that one has ended: it left no backbone, else this one would have it.
pub(crate) async fn awaits_in_vain(db: &mut PgConnection, id: QueueId) -> ApiResult<Option<String>> {
    let select = sqlx::query_scalar!(
        "SELECT before.name FROM queue q JOIN queue before ON before.id = q.awaits
         WHERE q.id = $1 AND NOT before.open",
        id.0
    );
    Ok(select.fetch_optional(db).await?)
}

/// Closes an entry whose noun has ended: nothing of it is given out any more.
pub(crate) async fn close(db: &mut PgConnection, id: QueueId) -> ApiResult<()> {
    sqlx::query!("UPDATE queue SET open = false WHERE id = $1", id.0).execute(db).await?;
    Ok(())
}

fn check_priority(priority: i32) -> ApiResult<()> {
    if (LEAST_PRIORITY..=MOST_PRIORITY).contains(&priority) {
        return Ok(());
    }
    let bounds = format!("{LEAST_PRIORITY} to {MOST_PRIORITY}");
    Err(ApiError::invalid(format!("priority: {priority} is out of bounds; give {bounds}")))
}

/// A count as the database keeps it.
pub(crate) fn count(key: &str, value: u32, least: i32) -> ApiResult<i32> {
    match i32::try_from(value) {
        Ok(value) if value >= least => Ok(value),
        _ => Err(ApiError::invalid(format!("{key}: {value} must lie in {least}..={}", i32::MAX))),
    }
}
