//! A run under its row lock, for what users do to it.

use pedigree_protocol::run::{RunKind, RunState};
use pedigree_protocol::{QueueId, RunId};
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::run::owner::Owner;
use crate::run::view::unknown;

/// A run under its row lock.
#[derive(Debug)]
pub(crate) struct LockedRun {
    pub(crate) id: RunId,
    pub(crate) owner: Owner,
    pub(crate) state: RunState,
}

/// Does `work` on a run under its lock. What it wrote is committed if it succeeds, and rolled back otherwise.
///
/// # Errors
/// When there is no such run, and what `work` answers.
pub(crate) async fn open<T>(
    pool: &PgPool,
    id: RunId,
    work: impl AsyncFnOnce(&mut PgConnection, &LockedRun) -> ApiResult<T>,
) -> ApiResult<T> {
    db::transaction(pool, async |db| {
        let run = lock(db, id).await?;
        work(db, &run).await
    })
    .await
}

async fn lock(db: &mut PgConnection, id: RunId) -> ApiResult<LockedRun> {
    let select = sqlx::query!(
        r#"SELECT queue_id, kind AS "kind: RunKind", state AS "state: RunState" FROM runs
           WHERE id = $1 FOR NO KEY UPDATE"#,
        id.0
    );
    let row = select.fetch_optional(db).await?.ok_or_else(|| unknown(id))?;
    Ok(LockedRun { id, owner: Owner::of(row.kind, QueueId(row.queue_id)), state: row.state })
}

impl LockedRun {
    /// Refuses a run that has ended.
    pub(crate) fn must_be_open(&self) -> ApiResult<()> {
        if !self.state.is_final() {
            return Ok(());
        }
        let state = serde_json::to_value(self.state).unwrap_or_default();
        let state = state.as_str().unwrap_or_default();
        Err(ApiError::conflict(format!("the run has ended already: it is {state}")))
    }
}
