//! Which checkpoint a run has.

use pedigree_protocol::{Attempt, RunId};
use sqlx::{PgConnection, PgPool};

use crate::error::ApiResult;

/// Notes that files of the run may come to lie in the store. Before the first of them does, so that none is forgotten.
pub(crate) async fn expect(pool: &PgPool, run: RunId) -> ApiResult<()> {
    sqlx::query!("INSERT INTO checkpoints (run_id) VALUES ($1) ON CONFLICT DO NOTHING", run.0)
        .execute(pool)
        .await?;
    Ok(())
}

/// Where the run's checkpoint lies.
pub(crate) async fn place(pool: &PgPool, run: RunId) -> ApiResult<Option<String>> {
    let place = sqlx::query_scalar!("SELECT place FROM checkpoints WHERE run_id = $1", run.0);
    Ok(place.fetch_optional(pool).await?.flatten())
}

/// Makes what lies at `place` the run's checkpoint.
pub(crate) async fn replace(
    db: &mut PgConnection,
    run: RunId,
    attempt: Attempt,
    (place, bytes): (&str, i64),
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

/// Runs that have ended and whose checkpoints are still there.
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
