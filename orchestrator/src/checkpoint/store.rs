//! The files. Each attempt has two places and writes to them in turn, so that the checkpoint in use is never
//! overwritten. No attempt writes to another's place, so that one which has lost its lease cannot damage its
//! successor's checkpoint.

use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _, WriteMultipart};
use pedigree_protocol::lease::WriteReply;
use pedigree_protocol::{Attempt, RunId};
use sqlx::PgPool;

use crate::app::App;
use crate::checkpoint::sql;
use crate::error::{ApiError, ApiResult};
use crate::lease;

/// Chunks that may wait for the disk before the sender is held back.
const WRITES_IN_FLIGHT: usize = 4;

/// Stores the progress of an attempt, if the attempt still holds the lease when everything has arrived.
#[tracing::instrument(skip_all, fields(run.id = %run, %attempt))]
pub(crate) async fn receive<E: std::fmt::Display>(
    app: &App,
    run: RunId,
    attempt: Attempt,
    content: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> ApiResult<WriteReply> {
    if let Some(refused) = lease::write::refusal(app, run, attempt).await? {
        return Ok(refused);
    }
    sql::expect(&app.pool, run).await?;
    let before = sql::place(&app.pool, run).await?;
    let turns = [format!("{attempt}-a"), format!("{attempt}-b")];
    let place = turns.iter().find(|place| Some(*place) != before.as_ref()).unwrap_or(&turns[0]);
    let bytes = write(app, &location(run, place), content).await?;
    lease::write::with_held(app, run, attempt, async |db| sql::replace(db, run, attempt, place, bytes).await)
        .await
}

async fn write<E: std::fmt::Display>(
    app: &App,
    to: &Path,
    mut content: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> ApiResult<i64> {
    let mut write = WriteMultipart::new(app.store.put_multipart(to).await?);
    let mut bytes = 0;
    loop {
        match content.try_next().await {
            Ok(Some(chunk)) => {
                bytes += i64::try_from(chunk.len()).unwrap_or(i64::MAX);
                if bytes.cast_unsigned() > app.largest_artifact {
                    write.abort().await?;
                    return Err(ApiError::invalid(format!(
                        "the checkpoint is larger than {} bytes, the most that this coordinator accepts",
                        app.largest_artifact
                    )));
                }
                write.wait_for_capacity(WRITES_IN_FLIGHT).await?;
                write.put(chunk);
            }
            Ok(None) => {
                write.finish().await?;
                return Ok(bytes);
            }
            Err(error) => {
                write.abort().await?;
                return Err(ApiError::invalid(format!("the upload broke off: {error}")));
            }
        }
    }
}

/// The run's checkpoint, for an attempt that holds the lease.
pub(crate) async fn fetch(app: &App, run: RunId, attempt: Attempt) -> ApiResult<Bytes> {
    if lease::write::refusal(app, run, attempt).await?.is_some() {
        return Err(ApiError::conflict(format!("attempt {attempt} of run {run} does not hold the lease")));
    }
    let none = || ApiError::not_found(format!("run {run} has no checkpoint"));
    let place = sql::place(&app.pool, run).await?.ok_or_else(none)?;
    match app.store.get(&location(run, &place)).await {
        Err(object_store::Error::NotFound { .. }) => Err(none()),
        found => Ok(found?.bytes().await?),
    }
}

/// Removes the checkpoints of ended runs. The files go first, so that the next pass repeats what a killed one left.
pub(crate) async fn forget_ended(pool: &PgPool, store: &Arc<LocalFileSystem>) -> ApiResult<()> {
    for run in sql::of_ended(pool).await? {
        let files: Vec<_> = store.list(Some(&folder(run))).try_collect().await?;
        for file in files {
            match store.delete(&file.location).await {
                Err(object_store::Error::NotFound { .. }) | Ok(()) => {}
                Err(error) => return Err(error.into()),
            }
        }
        sql::forget(pool, run).await?;
    }
    Ok(())
}

fn folder(run: RunId) -> Path {
    Path::from_iter(["checkpoints".to_owned(), run.to_string()])
}

fn location(run: RunId, place: &str) -> Path {
    Path::from_iter(["checkpoints".to_owned(), run.to_string(), place.to_owned()])
}
