//! Backbones that pretrainings have promised to leave.

use pedigree_protocol::{BackboneId, PretrainingId, QueueId};
use sqlx::PgConnection;

use crate::error::{ApiError, ApiResult};

/// What a study can be queued for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Registered(BackboneId),
    /// The backbone will be there when this entry of the queue has ended.
    Promised(QueueId),
}

/// Waits until nobody else registers or promises a backbone of that name, until the transaction ends. Two tables hold
/// the names, so that no unique index keeps both from taking one.
pub(super) async fn lock_name(db: &mut PgConnection, name: &str) -> ApiResult<()> {
    let lock =
        sqlx::query!("SELECT FROM pg_advisory_xact_lock(hashtextextended('backbone ' || $1, 0))", name);
    lock.execute(db).await?;
    Ok(())
}

/// Notes that a pretraining will leave a backbone of that name.
///
/// # Errors
/// When a backbone has the name, or another pretraining has promised it.
pub(crate) async fn make(db: &mut PgConnection, name: &str, pretraining: PretrainingId) -> ApiResult<()> {
    let taken = || ApiError::conflict(format!("leaves: a backbone {name:?} exists already, or is promised"));
    lock_name(&mut *db, name).await?;
    let registered = sqlx::query_scalar!("SELECT id FROM backbones WHERE name = $1", name);
    if registered.fetch_optional(&mut *db).await?.is_some() {
        return Err(taken());
    }
    let insert = sqlx::query!(
        "INSERT INTO promised_backbones (name, pretraining_id) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        name,
        pretraining.0,
    );
    match insert.execute(db).await?.rows_affected() {
        1 => Ok(()),
        _ => Err(taken()),
    }
}

/// The pretraining that has promised a backbone of that name.
pub(crate) async fn find(db: &mut PgConnection, name: &str) -> ApiResult<Option<PretrainingId>> {
    let select = sqlx::query_scalar!(
        "SELECT pretraining_id FROM promised_backbones WHERE name = $1 FOR KEY SHARE",
        name
    );
    Ok(select.fetch_optional(db).await?.map(PretrainingId))
}

/// The name of the pretraining that has promised a backbone of that name.
pub(super) async fn by_whom(db: &mut PgConnection, name: &str) -> ApiResult<Option<String>> {
    let select = sqlx::query_scalar!(
        "SELECT q.name FROM promised_backbones p JOIN queue q ON q.id = p.pretraining_id WHERE p.name = $1",
        name
    );
    Ok(select.fetch_optional(db).await?)
}

/// Ends the promise of a pretraining that has ended; answers the name that it had promised.
pub(crate) async fn end(db: &mut PgConnection, pretraining: PretrainingId) -> ApiResult<Option<String>> {
    let delete = sqlx::query_scalar!(
        "DELETE FROM promised_backbones WHERE pretraining_id = $1 RETURNING name",
        pretraining.0
    );
    Ok(delete.fetch_optional(db).await?)
}
