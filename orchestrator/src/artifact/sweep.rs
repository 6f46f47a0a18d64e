//! Sweeping: bytes in the store that no record names go.
//!
//! Making room deletes the records first and the bytes after them. A coordinator that is killed in between leaves bytes
//! that nobody would look for again.

use futures::future::ready;
use futures::stream::{StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::{ObjectMeta, ObjectStore as _};
use pedigree_protocol::artifact::Sha256;
use sqlx::PgPool;

use crate::artifact::{sql, store};
use crate::durable::Durability;
use crate::error::ApiResult;

/// Contents that are looked up by one statement.
const BATCH: usize = 1000;

/// Removes bytes that are not recorded and were written more than a day ago, by the database's clock. Answers how many
/// contents that were. Any number of coordinators may sweep one store at a time.
pub(crate) async fn sweep(pool: &PgPool, durable: &Durability, files: &LocalFileSystem) -> ApiResult<usize> {
    let select = sqlx::query_scalar!(r#"SELECT now() - interval '1 day' AS "day_ago!""#);
    let day_ago = select.fetch_one(pool).await?;
    let old = |file: &ObjectMeta| {
        (file.last_modified < day_ago).then(|| store::content_of(&file.location)).flatten()
    };
    let mut contents =
        files.list(Some(&store::folder())).try_filter_map(|file| ready(Ok(old(&file)))).boxed();
    let mut swept = 0;
    loop {
        let batch: Vec<Sha256> = contents.by_ref().take(BATCH).try_collect().await?;
        if batch.is_empty() {
            return Ok(swept);
        }
        swept += sweep_batch(pool, durable, files, &batch).await?;
    }
}

async fn sweep_batch(
    pool: &PgPool,
    durable: &Durability,
    files: &LocalFileSystem,
    batch: &[Sha256],
) -> ApiResult<usize> {
    let unrecorded = sql::unrecorded(pool, batch).await?;
    if unrecorded.is_empty() {
        return Ok(0);
    }
    // A crash of the database must not bring a record back whose bytes are gone.
    durable.flushed().await?;
    let mut swept = 0;
    for sha256 in unrecorded {
        swept += usize::from(store::remove(pool, files, &sha256).await?);
    }
    tracing::info!(contents = swept, "contents that nothing recorded were swept");
    Ok(swept)
}
