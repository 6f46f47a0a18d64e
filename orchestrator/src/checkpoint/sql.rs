//! Which checkpoint a run has.

use pedigree_protocol::{Attempt, RunId};
use sqlx::{PgConnection, PgPool};

use crate::error::ApiResult;

/// Notes that the run may have files in the store. Called before the first file is written, so that none is forgotten.
pub(crate) async fn expect(pool: &PgPool, run: RunId) -> ApiResult<()> {
    sqlx::query!("INSERT INTO checkpoints (run_id) VALUES ($1) ON CONFLICT DO NOTHING", run.0)
        .execute(pool)
        .await?;
    Ok(())
}

/// The place of the run's checkpoint.
pub(crate) async fn place(pool: &PgPool, run: RunId) -> ApiResult<Option<String>> {
    let place = sqlx::query_scalar!("SELECT place FROM checkpoints WHERE run_id = $1", run.0);
    Ok(place.fetch_optional(pool).await?.flatten())
}

/// Makes the file at `place` the run's checkpoint.
pub(crate) async fn replace(
    db: &mut PgConnection,
    run: RunId,
    attempt: Attempt,
    place: &str,
    bytes: i64,
) -> ApiResult<()> {
    sqlx::query!(
        "UPDATE checkpoints SET attempt = $2, place = $3, bytes = $4, stored_at = now() WHERE run_id = $1",
        run.0,
        attempt.0,
        place,
        bytes,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ended runs that still have a checkpoint.
pub(crate) async fn of_ended(pool: &PgPool) -> ApiResult<Vec<RunId>> {
    let runs = sqlx::query_scalar!(
        "SELECT c.run_id FROM checkpoints c JOIN runs r ON r.id = c.run_id WHERE r.ended_at IS NOT NULL"
    );
    Ok(runs.fetch_all(pool).await?.into_iter().map(RunId).collect())
}

/// Forgets the run's checkpoint.
pub(crate) async fn forget(pool: &PgPool, run: RunId) -> ApiResult<()> {
    sqlx::query!("DELETE FROM checkpoints WHERE run_id = $1", run.0).execute(pool).await?;
    Ok(())
}
