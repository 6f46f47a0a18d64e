//! What users change about a grid that goes on: pause, resume, another priority, its end. All that it has in the queue
//! follows.

use pedigree_protocol::grid::Grid;
use pedigree_protocol::resources::Hold;
use pedigree_protocol::{GridId, QueueId, RunId, StudyId};
use sqlx::PgPool;

use crate::error::ApiResult;
use crate::grid::locked::{self, LockedGrid, unknown};
use crate::grid::machine::Event;
use crate::grid::{advance, view};
use crate::queue::entry;
use crate::study::studies::Studies;
use crate::{run, study};

/// Pauses a grid, or lets it go on.
pub(super) async fn set_hold(studies: &Studies, id_or_name: &str, hold: Hold) -> ApiResult<Grid> {
    let pool = &studies.pool;
    let id = find(pool, id_or_name).await?;
    locked::open(pool, id, async |db, grid| {
        grid.must_be_open()?;
        sqlx::query!("UPDATE grids SET hold = $2 WHERE id = $1", id.0, hold as _).execute(&mut *db).await?;
        for entry in open_entries(&mut *db, grid).await? {
            entry::set_hold(db, entry, hold).await?;
        }
        Ok(())
    })
    .await?;
    advance(studies, id).await?;
    for study in open_studies(pool, id).await? {
        study::advance(studies, study).await?;
    }
    view::by_id(pool, id).await
}

/// Gives a grid another priority.
pub(super) async fn prioritise(studies: &Studies, id_or_name: &str, priority: i32) -> ApiResult<Grid> {
    let pool = &studies.pool;
    let id = find(pool, id_or_name).await?;
    locked::open(pool, id, async |db, grid| {
        grid.must_be_open()?;
        for entry in open_entries(&mut *db, grid).await? {
            entry::prioritise(db, entry, priority).await?;
        }
        sqlx::query!("UPDATE grids SET priority = $2 WHERE id = $1", id.0, priority).execute(db).await?;
        Ok(())
    })
    .await?;
    view::by_id(pool, id).await
}

/// Ends a grid by a user's wish, with its studies and pretrainings.
pub(super) async fn cancel(studies: &Studies, id_or_name: &str) -> ApiResult<Grid> {
    let pool = &studies.pool;
    let id = find(pool, id_or_name).await?;
    locked::open(pool, id, async |db, grid| {
        grid.must_be_open()?;
        grid.step(db, Event::Cancelled, None).await
    })
    .await?;
    for study in open_studies(pool, id).await? {
        study::cancel(studies, &study.to_string()).await?;
    }
    let pretrainings = sqlx::query_scalar!(
        "SELECT r.id FROM queue q JOIN pretrainings p ON p.id = q.id JOIN runs r ON r.queue_id = q.id
         WHERE q.grid_id = $1 AND r.ended_at IS NULL",
        id.0
    );
    for pretraining in pretrainings.fetch_all(pool).await? {
        run::control::cancel(studies, RunId(pretraining)).await?;
    }
    view::by_id(pool, id).await
}

async fn find(pool: &PgPool, id_or_name: &str) -> ApiResult<GridId> {
    let found = locked::find(&mut *pool.acquire().await?, id_or_name).await?;
    found.ok_or_else(|| unknown(id_or_name))
}

async fn open_entries(db: &mut sqlx::PgConnection, grid: &LockedGrid) -> ApiResult<Vec<QueueId>> {
    let select =
        sqlx::query_scalar!("SELECT id FROM queue WHERE grid_id = $1 AND open ORDER BY id", grid.id.0);
    Ok(select.fetch_all(db).await?.into_iter().map(QueueId).collect())
}

async fn open_studies(pool: &PgPool, id: GridId) -> ApiResult<Vec<StudyId>> {
    let select = sqlx::query_scalar!(
        "SELECT s.id FROM queue q JOIN studies s ON s.id = q.id WHERE q.grid_id = $1 AND s.ended_at IS NULL ORDER BY s.id",
        id.0
    );
    Ok(select.fetch_all(pool).await?.into_iter().map(StudyId).collect())
}
