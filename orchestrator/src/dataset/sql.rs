//! Datasets in the database.

use pedigree_protocol::DatasetId;
use pedigree_protocol::dataset::{Dataset, DatasetSpec, Split};
use pedigree_protocol::page::{Page, PageQuery};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::page::Wanted;
use crate::{artifact, name};

/// A page of the datasets, by name.
pub(crate) async fn list(pool: &PgPool, page: &PageQuery) -> ApiResult<Page<Dataset>> {
    let wanted = Wanted::<String>::read(page)?;
    let select = sqlx::query!(
        r#"SELECT id, created_at, spec AS "spec: Json<DatasetSpec>" FROM datasets
           WHERE $1::text IS NULL OR name > $1 ORDER BY name LIMIT $2"#,
        wanted.after.as_deref(),
        wanted.rows(),
    );
    let rows = select.fetch_all(pool).await?.into_iter();
    let datasets =
        rows.map(|row| Dataset { id: DatasetId(row.id), created_at: row.created_at, spec: row.spec.0 });
    let total = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM datasets"#).fetch_one(pool).await?;
    wanted.cut(datasets.collect(), total, |dataset| dataset.spec.name.clone())
}

/// The dataset of that name. The error lists the registered names.
pub(crate) async fn get(pool: &PgPool, name: &str) -> ApiResult<Dataset> {
    if let Some(dataset) = find(&mut *pool.acquire().await?, name).await? {
        return Ok(dataset);
    }
    let names = sqlx::query_scalar!("SELECT name FROM datasets ORDER BY name").fetch_all(pool).await?;
    Err(ApiError::not_found(format!("there is no dataset {name:?}; {}", name::known("dataset", &names))))
}

/// Registers a dataset. The same content under the same name again answers the registered one.
pub(crate) async fn add(pool: &PgPool, spec: DatasetSpec) -> ApiResult<Dataset> {
    name::check("dataset", &spec.name)?;
    db::transaction(pool, async |db| {
        if find(db, &spec.name).await?.is_none() {
            check_splits(db, &spec).await?;
            let inserted = insert(db, &spec).await?;
            tracing::info!(dataset = spec.name, inserted, "dataset registered");
        }
        match find(db, &spec.name).await? {
            Some(dataset) if same_content(&dataset.spec, &spec) => Ok(dataset),
            _ => Err(ApiError::conflict(format!(
                "a dataset {:?} with other content is registered already; choose another name",
                spec.name
            ))),
        }
    })
    .await
}

/// Whether two specs have the same content. Where it came from does not count.
fn same_content(a: &DatasetSpec, b: &DatasetSpec) -> bool {
    a == &DatasetSpec { source: a.source.clone(), ..b.clone() }
}

async fn find(db: &mut PgConnection, name: &str) -> ApiResult<Option<Dataset>> {
    let select = sqlx::query!(
        r#"SELECT id, created_at, spec AS "spec: Json<DatasetSpec>" FROM datasets WHERE name = $1"#,
        name
    );
    let row = select.fetch_optional(db).await?;
    Ok(row.map(|row| Dataset { id: DatasetId(row.id), created_at: row.created_at, spec: row.spec.0 }))
}

async fn insert(db: &mut PgConnection, spec: &DatasetSpec) -> ApiResult<bool> {
    let splits = &spec.splits;
    let done = sqlx::query!(
        "INSERT INTO datasets (id, name, spec, train_sha256, dev_sha256, test_sha256, synthetic)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING",
        DatasetId::new().0,
        spec.name,
        Json(spec) as _,
        splits.train.sha256.as_str(),
        splits.dev.sha256.as_str(),
        splits.test.sha256.as_str(),
        spec.synthetic,
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Checks that every split has been uploaded and that train and dev can be read. Seals the test split.
async fn check_splits(db: &mut PgConnection, spec: &DatasetSpec) -> ApiResult<()> {
    let splits = &spec.splits;
    check_content(spec)?;
    artifact::sql::want(db, &[&splits.train.sha256, &splits.dev.sha256, &splits.test.sha256]).await?;
    for (split, name) in [(&splits.train, "train"), (&splits.dev, "dev")] {
        if check_uploaded(db, name, split).await? {
            return Err(ApiError::conflict(format!(
                "the {name} split has the content of a sealed test split ({}); \
                 trials would see test data, so give another {name} file",
                split.sha256
            )));
        }
    }
    check_uploaded(db, "test", &splits.test).await?;
    artifact::sql::seal(db, &splits.test.sha256).await
}

/// Refuses splits from which nothing could be learned or measured.
fn check_content(spec: &DatasetSpec) -> ApiResult<()> {
    let splits = &spec.splits;
    for (name, split) in [("train", &splits.train), ("dev", &splits.dev)] {
        if split.sha256 == splits.test.sha256 {
            return Err(ApiError::invalid(format!("{name} and test are one file; give another test file")));
        }
        if split.entities.values().sum::<u64>() == 0 {
            let why =
                if name == "train" { "nothing can be learned" } else { "no trial can be told from another" };
            return Err(ApiError::invalid(format!(
                "{name} has no entities, so that {why}; give another file"
            )));
        }
    }
    if splits.train.sha256 == splits.dev.sha256 {
        return Err(ApiError::invalid("train and dev are one file; give another dev file"));
    }
    Ok(())
}

/// Whether the split's content, which must be there, is sealed.
async fn check_uploaded(db: &mut PgConnection, name: &str, split: &Split) -> ApiResult<bool> {
    let row = sqlx::query!(
        "SELECT bytes, sealed FROM artifacts WHERE sha256 = $1 FOR UPDATE",
        split.sha256.as_str()
    );
    match row.fetch_optional(db).await? {
        Some(row) if row.bytes == split.bytes => Ok(row.sealed),
        Some(row) => Err(ApiError::invalid(format!(
            "the {name} split has {} bytes, not {}: describe the file that was uploaded",
            row.bytes, split.bytes
        ))),
        None => Err(ApiError::invalid(format!(
            "the {name} split ({}) has not been uploaded; PUT it to /api/v1/artifacts first",
            split.sha256
        ))),
    }
}
