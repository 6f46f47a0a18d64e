//! Studies that a request should have moved on, had its coordinator lived: trials topped up, final runs queued, ends.

use pedigree_protocol::StudyId;
use sqlx::PgPool;

use crate::error::ApiResult;
use crate::study;

/// Moves on every study whose runs call for it.
pub(crate) async fn advance_studies(pool: &PgPool) -> ApiResult<()> {
    for id in sqlx::query_file_scalar!("src/reconcile/due_studies.sql").fetch_all(pool).await? {
        study::advance(pool, StudyId(id)).await?;
    }
    Ok(())
}
