//! What users change about a pretraining that has not ended: pause, resume, another priority.

use pedigree_protocol::dapt::Dapt;
use pedigree_protocol::resources::Hold;
use pedigree_protocol::{PretrainingId, QueueId};
use sqlx::{PgConnection, PgPool};

use crate::dapt::view;
use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::queue::entry;

/// Pauses a pretraining, or lets it go on.
pub(super) async fn set_hold(pool: &PgPool, name: &str, hold: Hold) -> ApiResult<Dapt> {
    open(pool, name, async |db, id| entry::set_hold(db, id, hold).await).await
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
    // Answers a name that is not there with the names that are.
    let PretrainingId(id) = view::get(pool, name).await?.id;
    db::transaction(pool, async |db| {
        let select = sqlx::query_scalar!("SELECT open FROM queue WHERE id = $1 FOR NO KEY UPDATE", id);
        if !select.fetch_one(&mut *db).await? {
            return Err(ApiError::conflict(format!("the pretraining {name:?} has ended already")));
        }
        work(db, QueueId(id)).await
    })
    .await?;
    view::get(pool, name).await
}
