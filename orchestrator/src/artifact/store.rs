//! The bytes themselves, in an object store by the hash of their content.

use axum::body::Body;
use axum::http::header;
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetResult, ObjectStoreExt as _, WriteMultipart};
use pedigree_protocol::artifact::Sha256;
use sha2::{Digest, Sha256 as Hasher};
use sqlx::PgPool;

use crate::app::App;
use crate::artifact::sql::{self, Known};
use crate::db;
use crate::error::{ApiError, ApiResult};

const FOLDER: &str = "sha256";
/// Chunks that may wait for the disk before the sender is held back.
const WRITES_IN_FLIGHT: usize = 4;

/// Stores an upload. It becomes visible once its hash was checked.
pub(crate) async fn receive<E: std::fmt::Display>(
    app: &App,
    sha256: &Sha256,
    sealed: bool,
    content: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> ApiResult<()> {
    let mut write = WriteMultipart::new(app.store.put_multipart(&location(sha256)).await?);
    match copy(content, &mut write, app.largest_artifact).await {
        Ok((found, bytes)) if found == sha256.as_str() => {
            // Recorded first: whoever removes bytes looks for the record.
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
            "{sha256} is a sealed test split; only the test run of a study can open it"
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

/// What is known of content that a client asks for. The client relies on the answer, so the content counts as wanted.
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

/// Removes the bytes of content that is not recorded any more, and answers whether it did. Content that was sent again
/// meanwhile stays: an upload takes the same lock to record it.
pub(crate) async fn remove(pool: &PgPool, files: &LocalFileSystem, sha256: &Sha256) -> ApiResult<bool> {
    let mut tx = db::begin(pool).await?;
    sql::hold(&mut tx, sha256).await?;
    let recorded = sql::find(&mut tx, sha256).await?.is_some();
    let gone = match recorded {
        true => Ok(()),
        false => files.delete(&location(sha256)).await,
    };
    tx.rollback().await?;
    match gone {
        Ok(()) => Ok(!recorded),
        Err(object_store::Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The whole content, sealed or not: whoever calls has checked that it may be read.
pub(crate) async fn read(app: &App, sha256: &Sha256) -> ApiResult<Bytes> {
    Ok(open(app, sha256).await?.bytes().await?)
}

async fn open(app: &App, sha256: &Sha256) -> ApiResult<GetResult> {
    match app.store.get(&location(sha256)).await {
        // Recorded, but gone from the folder: the answer lets its owner upload it again.
        Err(object_store::Error::NotFound { .. }) => Err(unknown(sha256)),
        other => Ok(other?),
    }
}

fn unknown(sha256: &Sha256) -> ApiError {
    ApiError::not_found(format!("there is no artifact {sha256}"))
}

/// The folder of all contents.
pub(super) fn folder() -> Path {
    Path::from(FOLDER)
}

/// Two levels of folders, so that none grows large.
fn location(sha256: &Sha256) -> Path {
    let hex = sha256.as_str();
    Path::from_iter([FOLDER, &hex[..2], &hex[2..4], hex])
}

/// The content that lies at this place; `None` for a file that is not ours.
pub(super) fn content_of(place: &Path) -> Option<Sha256> {
    let sha256 = place.filename()?.parse().ok()?;
    (location(&sha256) == *place).then_some(sha256)
}
