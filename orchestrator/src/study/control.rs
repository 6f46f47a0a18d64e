//! What users do to whole studies that go on: pause, resume, another priority.

use pedigree_protocol::resources::Hold;
use pedigree_protocol::study::{LEAST_PRIORITY, MOST_PRIORITY, Study};
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::study::locked::{self, LockedStudy};
use crate::study::{advance, view};

/// Pauses a study, or lets it go on.
pub(crate) async fn set_hold(pool: &PgPool, id_or_name: &str, hold: Hold) -> ApiResult<Study> {
    change(pool, id_or_name, async |db, study| {
        sqlx::query!("UPDATE studies SET hold = $2 WHERE id = $1", study.id.0, hold as _).execute(db).await?;
        tracing::info!(study.id = %study.id, study = study.spec.name, ?hold, "study held");
        Ok(())
    })
    .await
}

/// Gives a study another priority.
pub(crate) async fn prioritise(pool: &PgPool, id_or_name: &str, priority: i32) -> ApiResult<Study> {
    check_priority(priority)?;
    change(pool, id_or_name, async |db, study| {
        sqlx::query!("UPDATE studies SET priority = $2 WHERE id = $1", study.id.0, priority)
            .execute(db)
            .await?;
        Ok(())
    })
    .await
}

/// Refuses a priority out of bounds.
pub(crate) fn check_priority(priority: i32) -> ApiResult<()> {
    if (LEAST_PRIORITY..=MOST_PRIORITY).contains(&priority) {
        return Ok(());
    }
    let bounds = format!("{LEAST_PRIORITY} to {MOST_PRIORITY}");
    Err(ApiError::invalid(format!("priority: {priority} is out of bounds; give {bounds}")))
}

/// Does something to a study that has not ended, under its lock, and moves it on.
async fn change(
    pool: &PgPool,
    id_or_name: &str,
    work: impl AsyncFnOnce(&mut PgConnection, &LockedStudy) -> ApiResult<()>,
) -> ApiResult<Study> {
    let study = view::get(pool, id_or_name).await?;
    let mut tx = db::begin(pool).await?;
    let Some(locked) = locked::lock(&mut tx, study.id).await? else {
        return Err(ApiError::not_found(format!("there is no study {id_or_name:?} any more")));
    };
    if locked.state.is_final() {
        return Err(ApiError::conflict(format!("the study {:?} has ended already", locked.spec.name)));
    }
    work(&mut tx, &locked).await?;
    tx.commit().await?;
    advance(pool, study.id).await?;
    view::get(pool, id_or_name).await
}
