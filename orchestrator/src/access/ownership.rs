//! A worker's token reaches its own workers and their attempts, and no others. A token that was made under the name of a
//! revoked one takes its place, so that what a worker has not told yet outlives its token.

use pedigree_protocol::access::Role;
use pedigree_protocol::{Attempt, RunId, WorkerId};
use sqlx::PgPool;

use crate::access::caller::Caller;
use crate::error::{ApiError, ApiResult};

/// Refuses a token that did not introduce this worker. Neither a worker's token nor an attempt's worker changes, so the
/// answer holds for the whole request.
pub(crate) async fn of_worker(pool: &PgPool, caller: &Caller, worker: WorkerId) -> ApiResult<()> {
    if caller.role == Role::Admin {
        return Ok(());
    }
    let own = sqlx::query_scalar!(
        r#"SELECT token_id IS NOT DISTINCT FROM $2 OR coalesce(
               (SELECT name FROM tokens WHERE id = token_id) = (SELECT name FROM tokens WHERE id = $2), false) AS "own!"
           FROM workers WHERE id = $1"#,
        worker.0,
        caller.token().map(|token| token.0),
    );
    // An unknown worker belongs to nobody yet.
    allow(own.fetch_optional(pool).await?.unwrap_or(true))
}

/// Refuses a token when this attempt belongs to another token's worker.
pub(crate) async fn of_attempt(
    pool: &PgPool,
    caller: &Caller,
    run: RunId,
    attempt: Attempt,
) -> ApiResult<()> {
    if caller.role == Role::Admin {
        return Ok(());
    }
    let own = sqlx::query_scalar!(
        r#"SELECT w.token_id IS NOT DISTINCT FROM $3 OR coalesce(
               (SELECT name FROM tokens WHERE id = w.token_id) = (SELECT name FROM tokens WHERE id = $3), false) AS "own!"
           FROM attempts a JOIN workers w ON w.id = a.worker_id WHERE a.run_id = $1 AND a.attempt = $2"#,
        run.0,
        attempt.0,
        caller.token().map(|token| token.0),
    );
    allow(own.fetch_optional(pool).await?.unwrap_or(true))
}

fn allow(own: bool) -> ApiResult<()> {
    if own {
        return Ok(());
    }
    Err(ApiError::forbidden("this token belongs to another worker; a worker reaches only its own attempts"))
}
