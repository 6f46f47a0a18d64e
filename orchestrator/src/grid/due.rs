//! Which grids the reconciler looks at: all that have not ended. There are few.

use pedigree_protocol::GridId;
use sqlx::PgPool;

use crate::error::ApiResult;

/// Grids that have not ended, oldest first.
pub(crate) async fn due(pool: &PgPool) -> ApiResult<Vec<GridId>> {
    let select = sqlx::query_scalar!("SELECT id FROM grids WHERE ended_at IS NULL ORDER BY id");
    Ok(select.fetch_all(pool).await?.into_iter().map(GridId).collect())
}
