//! Backbones in the database.

use pedigree_protocol::BackboneId;
use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::backbone::{Backbone, BackboneSpec, StartAdapter};
use pedigree_protocol::page::{Page, PageQuery};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::backbone::promise::{self, Source};
use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::page::Wanted;
use crate::{artifact, name};

/// A page of the backbones, by name.
pub(crate) async fn list(pool: &PgPool, page: &PageQuery) -> ApiResult<Page<Backbone>> {
    let wanted = Wanted::<String>::read(page)?;
    let select = sqlx::query!(
        r#"SELECT id, created_at, spec AS "spec: Json<BackboneSpec>" FROM backbones
           WHERE $1::text IS NULL OR name > $1 ORDER BY name LIMIT $2"#,
        wanted.after.as_deref(),
        wanted.rows(),
    );
    let rows = select.fetch_all(pool).await?.into_iter();
    let backbones =
        rows.map(|row| Backbone { id: BackboneId(row.id), created_at: row.created_at, spec: row.spec.0 });
    let total = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM backbones"#).fetch_one(pool).await?;
    wanted.cut(backbones.collect(), total, |backbone| backbone.spec.name.clone())
}

/// The backbone of that name; else a sentence that lists the names that there are.
pub(crate) async fn get(pool: &PgPool, name: &str) -> ApiResult<Backbone> {
    let mut db = pool.acquire().await?;
    match find(&mut db, name).await? {
        Some(backbone) => Ok(backbone),
        None => Err(unknown(&mut db, name).await?),
    }
}

/// The backbone of that name, or the pretraining that has promised it.
pub(crate) async fn source(db: &mut PgConnection, name: &str) -> ApiResult<Source> {
    // The promise first: a pretraining that ends in between has then left its backbone.
    if let Some(pretraining) = promise::find(db, name).await? {
        return Ok(Source::Promised(pretraining.into()));
    }
    match find(db, name).await? {
        Some(backbone) => Ok(Source::Registered(backbone.id)),
        None => Err(unknown(db, name).await?),
    }
}

async fn unknown(db: &mut PgConnection, name: &str) -> ApiResult<ApiError> {
    let names = sqlx::query_scalar!("SELECT name FROM backbones ORDER BY name").fetch_all(db).await?;
    Ok(ApiError::not_found(format!("there is no backbone {name:?}; {}", name::known("backbone", &names))))
}

/// Registers a backbone. The same content under the same name again answers the registered one.
pub(crate) async fn add(pool: &PgPool, spec: BackboneSpec) -> ApiResult<Backbone> {
    db::transaction(pool, async |db| {
        promise::lock_name(db, &spec.name).await?;
        if let Some(pretraining) = promise::by_whom(db, &spec.name).await? {
            return Err(ApiError::conflict(format!(
                "the pretraining {pretraining:?} has promised a backbone {:?}; choose another name",
                spec.name
            )));
        }
        register(db, &spec).await
    })
    .await
}

/// Registers a backbone in a transaction of the caller.
pub(crate) async fn register(db: &mut PgConnection, spec: &BackboneSpec) -> ApiResult<Backbone> {
    name::check("backbone", &spec.name)?;
    if find(db, &spec.name).await?.is_none() {
        check_files(db, &spec.files).await?;
        let inserted = insert(db, spec).await?;
        tracing::info!(backbone = spec.name, inserted, "backbone registered");
    }
    match find(db, &spec.name).await? {
        Some(backbone) if same_content(&backbone.spec, spec) => Ok(backbone),
        _ => Err(ApiError::conflict(format!(
            "a backbone {:?} with other content is registered already; choose another name",
            spec.name
        ))),
    }
}

/// Whether two specs have the same content. Where it came from does not count.
fn same_content(a: &BackboneSpec, b: &BackboneSpec) -> bool {
    let start_adapter = b.start_adapter.clone().map(|start| StartAdapter {
        source: a.start_adapter.as_ref().map_or_else(String::new, |there| there.source.clone()),
        ..start
    });
    let (source, revision) = (a.source.clone(), a.revision.clone());
    a == &BackboneSpec { source, revision, start_adapter, ..b.clone() }
}

async fn find(db: &mut PgConnection, name: &str) -> ApiResult<Option<Backbone>> {
    let select = sqlx::query!(
        r#"SELECT id, created_at, spec AS "spec: Json<BackboneSpec>" FROM backbones WHERE name = $1"#,
        name
    );
    let row = select.fetch_optional(db).await?;
    Ok(row.map(|row| Backbone { id: BackboneId(row.id), created_at: row.created_at, spec: row.spec.0 }))
}

async fn insert(db: &mut PgConnection, spec: &BackboneSpec) -> ApiResult<bool> {
    let done = sqlx::query!(
        "INSERT INTO backbones (id, name, spec) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        BackboneId::new().0,
        spec.name,
        Json(spec) as _,
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

async fn check_files(db: &mut PgConnection, files: &[ArtifactFile]) -> ApiResult<()> {
    if files.is_empty() {
        return Err(ApiError::invalid("a backbone needs files: config.json, weights and a tokenizer"));
    }
    artifact::sql::check_uploaded(db, files).await
}
