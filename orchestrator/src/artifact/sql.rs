//! Which artifacts there are.

use pedigree_protocol::artifact::{ArtifactFile, Sha256};
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::{ApiError, ApiResult};

/// What is known about an artifact.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// Size of the content.
    pub(crate) bytes: i64,
    /// A test split.
    pub(crate) sealed: bool,
}

/// The artifact with that hash.
pub(crate) async fn find(db: &mut PgConnection, sha256: &Sha256) -> ApiResult<Option<Known>> {
    let row =
        sqlx::query_as!(Known, "SELECT bytes, sealed FROM artifacts WHERE sha256 = $1", sha256.as_str());
    Ok(row.fetch_optional(db).await?)
}

/// Notes that somebody relies on these contents, so that `upkeep::retention` keeps them for a day. Answers whether that
/// was written. Waits for a removal that is under way.
pub(crate) async fn want(db: &mut PgConnection, contents: &[&Sha256]) -> ApiResult<bool> {
    let contents: Vec<&str> = contents.iter().map(|sha256| sha256.as_str()).collect();
    // Once an hour is enough. Rows are locked in one order, so that two callers cannot deadlock.
    let done = sqlx::query!(
        "UPDATE artifacts SET wanted_at = now() WHERE sha256 IN (
             SELECT sha256 FROM artifacts WHERE sha256 = ANY ($1::text[]) AND wanted_at < now() - interval '1 hour'
             ORDER BY sha256 FOR NO KEY UPDATE)",
        &contents as _,
    );
    Ok(done.execute(db).await?.rows_affected() > 0)
}

/// Keeps everybody else from recording this content or removing its bytes until the transaction ends.
pub(crate) async fn hold(db: &mut PgConnection, sha256: &Sha256) -> ApiResult<()> {
    sqlx::query!("SELECT FROM pg_advisory_xact_lock(hashtextextended($1, 0))", sha256.as_str())
        .execute(db)
        .await?;
    Ok(())
}

/// Records content whose bytes are about to become visible.
pub(crate) async fn record(pool: &PgPool, sha256: &Sha256, bytes: i64, sealed: bool) -> ApiResult<()> {
    db::transaction(pool, async |db| {
        hold(db, sha256).await?;
        let upsert = sqlx::query_scalar!(
            "INSERT INTO artifacts (sha256, bytes, sealed) VALUES ($1, $2, $3)
             ON CONFLICT (sha256) DO UPDATE SET bytes = excluded.bytes, wanted_at = now() RETURNING sealed",
            sha256.as_str(),
            bytes,
            sealed,
        );
        let is_sealed = upsert.fetch_one(&mut *db).await?;
        match (is_sealed, sealed) {
            (true, false) => unseal(db, sha256).await,
            (false, true) => seal(db, sha256).await,
            (true, true) | (false, false) => Ok(()),
        }
    })
    .await
}

/// Makes content readable that was sent as a test split, unless a dataset was registered with it: a registration that was
/// refused seals nothing.
async fn unseal(db: &mut PgConnection, sha256: &Sha256) -> ApiResult<()> {
    let select = sqlx::query_scalar!(
        "SELECT name FROM datasets WHERE test_sha256 = $1 ORDER BY name LIMIT 1",
        sha256.as_str()
    );
    if let Some(dataset) = select.fetch_optional(&mut *db).await? {
        return Err(ApiError::conflict(format!(
            "this content ({sha256}) is the sealed test split of dataset {dataset:?}; it stays sealed and cannot be stored \
             as readable"
        )));
    }
    sqlx::query!("UPDATE artifacts SET sealed = false WHERE sha256 = $1", sha256.as_str())
        .execute(db)
        .await?;
    Ok(())
}

/// Makes content a sealed test split, unless trials can read it already.
pub(crate) async fn seal(db: &mut PgConnection, sha256: &Sha256) -> ApiResult<()> {
    let reader = sqlx::query_scalar!(
        "SELECT name FROM datasets WHERE train_sha256 = $1 OR dev_sha256 = $1 ORDER BY name LIMIT 1",
        sha256.as_str()
    );
    if let Some(reader) = reader.fetch_optional(&mut *db).await? {
        return Err(ApiError::conflict(format!(
            "this content is train or dev of dataset {reader:?}, which trials read; it cannot be a test split"
        )));
    }
    sqlx::query!("UPDATE artifacts SET sealed = true WHERE sha256 = $1 AND NOT sealed", sha256.as_str())
        .execute(db)
        .await?;
    Ok(())
}

/// Refuses the files when one has not been uploaded, or has a name that leads out of its folder. Marks those that are
/// there as wanted, so that they stay until the same transaction names them.
pub(crate) async fn check_uploaded(db: &mut PgConnection, files: &[ArtifactFile]) -> ApiResult<()> {
    if let Some(stray) = files.iter().find(|file| !file.is_inside()) {
        return Err(ApiError::invalid(format!(
            "{:?} cannot name a file: give a path inside a folder, such as config.json or adapter/config.json",
            stray.name
        )));
    }
    want(db, &files.iter().map(|file| &file.sha256).collect::<Vec<_>>()).await?;
    let wanted: Vec<String> = files.iter().map(|file| file.sha256.to_string()).collect();
    let select = sqlx::query_scalar!(
        r#"SELECT wanted AS "wanted!" FROM unnest($1::text[]) AS wanted
           WHERE NOT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = wanted) LIMIT 1"#,
        &wanted
    );
    let Some(missing) = select.fetch_optional(db).await? else { return Ok(()) };
    let name = files.iter().find(|file| file.sha256.as_str() == missing).map_or("", |file| &file.name);
    Err(ApiError::invalid(format!(
        "the file {name:?} ({missing}) has not been uploaded; PUT it to /api/v1/artifacts first"
    )))
}

/// Which of these contents are not recorded.
pub(crate) async fn unrecorded(pool: &PgPool, contents: &[Sha256]) -> ApiResult<Vec<Sha256>> {
    let contents: Vec<&str> = contents.iter().map(Sha256::as_str).collect();
    let select = sqlx::query_scalar!(
        r#"SELECT content AS "content!" FROM unnest($1::text[]) AS content
           WHERE NOT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = content)"#,
        &contents as _,
    );
    select.fetch_all(pool).await?.iter().map(|sha256| parse(sha256)).collect()
}

/// A hash from a column. The column's CHECK knows its form.
pub(crate) fn parse(sha256: &str) -> ApiResult<Sha256> {
    sha256.parse().map_err(|error| ApiError::Broken(format!("a stored hash is none: {error}")))
}
