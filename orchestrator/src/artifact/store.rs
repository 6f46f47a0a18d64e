//! The bytes themselves, in an object store by the hash of their content.

use axum::body::Body;
use axum::http::header;
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use object_store::path::Path;
use object_store::{GetResult, ObjectStoreExt as _, WriteMultipart};
use pedigree_protocol::artifact::Sha256;
use sha2::{Digest, Sha256 as Hasher};

use crate::app::App;
use crate::artifact::sql::{self, Known};
use crate::db;
use crate::error::{ApiError, ApiResult};

/// Chunks that may wait for the disk before the sender is held back.
const WRITES_IN_FLIGHT: usize = 4;

/// Stores an upload. It becomes visible only once its hash was found right.
pub(crate) async fn receive<E: std::fmt::Display>(
    app: &App,
    sha256: &Sha256,
    sealed: bool,
    content: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> ApiResult<()> {
    let mut write = WriteMultipart::new(app.store.put_multipart(&location(sha256)).await?);
    match copy(content, &mut write, app.largest_artifact).await {
        Ok((found, bytes)) if found == sha256.as_str() => {
            // Recorded first: who makes room looks for the record before it removes the bytes.
            if let Err(refused) = sql::record(&app.pool, sha256, bytes, sealed).await {
                write.abort().await?;
                return Err(refused);
            }
            write.finish().await?;
            Ok(())
        }
        Ok((found, _)) => {
            write.abort().await?;
            Err(ApiError::invalid(format!("the content hashes to {found}, not to {sha256}; send it again")))
        }
        Err(error) => {
            write.abort().await?;
            Err(error)
        }
    }
}

async fn copy<E: std::fmt::Display>(
    mut content: impl Stream<Item = Result<Bytes, E>> + Unpin,
    write: &mut WriteMultipart,
    limit: u64,
) -> ApiResult<(String, i64)> {
    let mut hasher = Hasher::new();
    let mut bytes: u64 = 0;
    let broken = |error: E| ApiError::invalid(format!("the upload broke off: {error}"));
    while let Some(chunk) = content.try_next().await.map_err(broken)? {
        hasher.update(&chunk);
        bytes += chunk.len() as u64;
        if bytes > limit {
            return Err(ApiError::invalid(format!(
                "the content is larger than {limit} bytes, the most that this coordinator accepts"
            )));
        }
        write.wait_for_capacity(WRITES_IN_FLIGHT).await?;
        write.put(chunk);
    }
    let bytes = i64::try_from(bytes).map_err(|error| ApiError::Broken(error.to_string()))?;
    Ok((hex::encode(hasher.finalize()), bytes))
}

/// Answers with the content of a readable artifact.
pub(crate) async fn serve(app: &App, sha256: &Sha256) -> ApiResult<Response> {
    let known = look_up(app, sha256).await?;
    if known.sealed {
        return Err(ApiError::sealed(format!(
            "{sha256} is a sealed test split; only the final run of a study can open it"
        )));
    }
    let content = open(app, sha256).await?.into_stream();
    let response = Response::builder()
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::CONTENT_LENGTH, known.bytes)
        .header(header::CACHE_CONTROL, "public, max-age=31536000, immutable")
        .body(Body::from_stream(content));
    response.map_err(|error| ApiError::Broken(error.to_string()))
}

/// What is known of content that a client asks for. A client that hears that it is there relies on that.
async fn look_up(app: &App, sha256: &Sha256) -> ApiResult<Known> {
    let mut db = app.pool.acquire().await?;
    let written = sql::want(&mut db, &[sha256]).await?;
    let known = sql::find(&mut db, sha256).await?;
    drop(db);
    if written {
        app.durable.flushed().await?;
    }
    known.ok_or_else(|| unknown(sha256))
}

/// Removes the bytes of content that is not recorded any more; content that was sent again meanwhile stays.
pub(crate) async fn remove(app: &App, sha256: &Sha256) -> ApiResult<()> {
    let mut tx = db::begin(&app.pool).await?;
    sql::hold(&mut tx, sha256).await?;
    if sql::find(&mut tx, sha256).await?.is_some() {
        return Ok(());
    }
    match app.store.delete(&location(sha256)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(tx.commit().await?),
        Err(error) => Err(error.into()),
    }
}

/// The whole content, sealed or not: whoever calls has checked that it may be read.
pub(crate) async fn read(app: &App, sha256: &Sha256) -> ApiResult<Bytes> {
    Ok(open(app, sha256).await?.bytes().await?)
}

async fn open(app: &App, sha256: &Sha256) -> ApiResult<GetResult> {
    match app.store.get(&location(sha256)).await {
        // Recorded, yet gone from the folder: the answer lets the owner upload it again.
        Err(object_store::Error::NotFound { .. }) => Err(unknown(sha256)),
        other => Ok(other?),
    }
}

fn unknown(sha256: &Sha256) -> ApiError {
    ApiError::not_found(format!("there is no artifact {sha256}"))
}

/// Two levels of folders, so that none grows large.
fn location(sha256: &Sha256) -> Path {
    let hex = sha256.as_str();
    Path::from_iter(["sha256", &hex[..2], &hex[2..4], hex])
}
