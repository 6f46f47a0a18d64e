//! Old changes, which no browser asks for any more.

use sqlx::PgPool;

use crate::error::ApiResult;

/// Changes that are kept for browsers that come back.
const KEPT: i64 = 10_000;

/// Forgets all but the newest changes.
pub(crate) async fn trim_events(pool: &PgPool) -> ApiResult<()> {
    sqlx::query!("DELETE FROM events WHERE revision < (SELECT max(revision) FROM events) - $1", KEPT)
        .execute(pool)
        .await?;
    Ok(())
}
