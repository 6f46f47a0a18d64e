//! What users change about a pretraining that has not ended: pause, resume, another priority.

use pedigree_protocol::QueueId;
use pedigree_protocol::dapt::Dapt;
use pedigree_protocol::resources::Hold;
use sqlx::{PgConnection, PgPool};

use crate::dapt::view;
use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::queue::entry;

/// Pauses a pretraining, or lets it go on. Then its run goes on too, if that was paused by itself.
pub(super) async fn set_hold(pool: &PgPool, name: &str, hold: Hold) -> ApiResult<Dapt> {
    open(pool, name, async |db, id| {
        entry::set_hold(db, id, hold).await?;
        if hold == Hold::None {
            sqlx::query!("UPDATE runs SET paused = false WHERE queue_id = $1 AND paused", id.0)
                .execute(db)
                .await?;
        }
        Ok(())
    })
    .await
}

/// Gives a pretraining another priority.
pub(super) async fn prioritise(pool: &PgPool, name: &str, priority: i32) -> ApiResult<Dapt> {
    open(pool, name, async |db, id| entry::prioritise(db, id, priority).await).await
}

/// Does `work` on the entry of a pretraining under its lock; refuses a pretraining that has ended.
async fn open(
    pool: &PgPool,
    name: &str,
    work: impl AsyncFnOnce(&mut PgConnection, QueueId) -> ApiResult<()>,
) -> ApiResult<Dapt> {
    db::transaction(pool, async |db| {
        let select = sqlx::query!(
            "SELECT q.id, q.open FROM pretrainings p JOIN queue q ON q.id = p.id
             WHERE q.name = $1 FOR NO KEY UPDATE OF q",
            name
        );
        match select.fetch_optional(&mut *db).await? {
            Some(entry) if entry.open => work(db, QueueId(entry.id)).await,
            Some(_) => Err(ApiError::conflict(format!("the pretraining {name:?} has ended already"))),
            None => Err(view::unknown(db, name).await?),
        }
    })
    .await?;
    view::get(pool, name).await
}
