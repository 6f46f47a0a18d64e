//! Leases that ran out: the attempt is lost, and the run waits for its next attempt.

use pedigree_protocol::{Attempt, RunId};

use crate::advance::advance;
use crate::error::ApiResult;
use crate::lease::{end, held};
use crate::reconcile::failures::Failures;
use crate::study::studies::Studies;
use crate::wall::{self, Place};

/// Ends every attempt whose lease ran out.
pub(crate) async fn expire_leases(studies: &Studies) -> ApiResult<()> {
    let select = sqlx::query!(
        "SELECT run_id, attempt FROM attempts
         WHERE state IN ('leased', 'running') AND lease_expires_at <= now() ORDER BY lease_expires_at"
    );
    let mut failures = Failures::default();
    for row in select.fetch_all(&studies.pool).await? {
        let expired = expire(studies, RunId(row.run_id), Attempt(row.attempt));
        failures.note(
            wall::guard_async(Place::Upkeep, expired).await.unwrap_or_else(|panic| Err(panic.into())),
        )?;
    }
    failures.into_result()
}

/// Looks again under the lock: another coordinator, or the worker itself, may have been faster.
async fn expire(studies: &Studies, run: RunId, attempt: Attempt) -> ApiResult<()> {
    let ended = held::open(&studies.pool, run, attempt, async |db, held| match held {
        Some(held) if held.is_live() && !held.unexpired => {
            end::by_expiry(db, &held).await?;
            Ok(Some(held.owner()))
        }
        _ => Ok(None),
    });
    match ended.await? {
        Some(owner) => advance(studies, owner).await,
        None => Ok(()),
    }
}
