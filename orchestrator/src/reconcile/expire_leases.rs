//! Leases that ran out: the attempt is lost, the run waits for its next one.

use pedigree_protocol::{Attempt, RunId};
use sqlx::PgPool;

use crate::db;
use crate::error::ApiResult;
use crate::lease::{end, held};
use crate::study;

/// Ends every attempt whose lease ran out.
pub(crate) async fn expire_leases(pool: &PgPool) -> ApiResult<()> {
    let expired = sqlx::query!(
        "SELECT run_id, attempt FROM attempts
         WHERE state IN ('leased', 'running') AND lease_expires_at <= now() ORDER BY lease_expires_at"
    );
    for row in expired.fetch_all(pool).await? {
        expire(pool, RunId(row.run_id), Attempt(row.attempt)).await?;
    }
    Ok(())
}

/// Looks again under the lock: another coordinator, or the worker itself, may have been faster.
async fn expire(pool: &PgPool, run: RunId, attempt: Attempt) -> ApiResult<()> {
    let mut tx = db::begin(pool).await?;
    let Some(held) = held::lock(&mut tx, run, attempt).await? else { return Ok(()) };
    if !held.is_live() || held.unexpired {
        return Ok(());
    }
    end::by_expiry(&mut tx, &held).await?;
    tx.commit().await?;
    study::advance(pool, held.study).await
}
