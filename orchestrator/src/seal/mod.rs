//! Seals: only a study's test run opens its test split, and the opening is recorded before the split is read.

pub(crate) mod sql;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use pedigree_protocol::run::RunKind;
use pedigree_protocol::{Attempt, RunId};

use crate::app::App;
use crate::artifact;
use crate::error::{ApiError, ApiResult};
use crate::lease::held;

/// Writes the seal for a live attempt of a test run, then hands out the test split.
#[tracing::instrument(skip_all, fields(run.id = %run, %attempt))]
pub(crate) async fn open_test(app: &App, run: RunId, attempt: Attempt) -> ApiResult<Bytes> {
    held::open(&app.pool, run, attempt, async |db, held| {
        let held = held.ok_or_else(|| ApiError::not_found(format!("run {run} has no attempt {attempt}")))?;
        if held.kind == RunKind::Final {
            return Err(ApiError::conflict(
                "a final run does not open the test split any more; restart this worker with the coordinator's release",
            ));
        }
        if held.kind != RunKind::Test {
            return Err(ApiError::sealed(
                "this run is no test run; only the test run of a study can open its test split",
            ));
        }
        if !held.is_live() {
            return Err(ApiError::conflict(format!(
                "attempt {attempt} does not hold the lease any more; stop it"
            )));
        }
        let sha256 = sql::open(db, &held).await?;
        let content = artifact::read(app, &sha256).await?;
        tracing::info!(study.id = %held.queue, "test split opened");
        Ok(content)
    })
    .await
}
