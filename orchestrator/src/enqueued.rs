//! Configurations that a user wants tried: each once, by its key, before anything is suggested.

use pedigree_protocol::ParamValues;
use pedigree_protocol::study::{Enqueue, Enqueued, StudyState};
use pedigree_protocol::suggestion::{Given, Record};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::study::locked::{self, LockedStudy};
use crate::study::{advance, view};

/// Puts a configuration into the queue of a study. The same configuration under the same key again changes nothing.
pub(crate) async fn enqueue(pool: &PgPool, id_or_name: &str, wanted: &Enqueue) -> ApiResult<Enqueued> {
    let study = view::get(pool, id_or_name).await?;
    let mut tx = db::begin(pool).await?;
    let Some(locked) = locked::lock(&mut tx, study.id).await? else {
        return Err(ApiError::not_found(format!("there is no study {id_or_name:?} any more")));
    };
    let params = check(&locked, wanted)?;
    if find(&mut tx, &locked, &wanted.key, &params).await?.is_none() {
        insert(&mut tx, &locked, &wanted.key, &params).await?;
    }
    tx.commit().await?;
    advance(pool, study.id).await?;
    let mut db = pool.acquire().await?;
    let number = find(&mut db, &locked, &wanted.key, &params).await?.flatten();
    Ok(Enqueued { key: wanted.key.clone(), number, params })
}

fn check(study: &LockedStudy, wanted: &Enqueue) -> ApiResult<ParamValues> {
    if wanted.key.is_empty() || wanted.key.len() > 200 {
        return Err(ApiError::invalid("key: give 1 to 200 bytes that name the configuration"));
    }
    match study.spec.parameters.admit(wanted.params.clone()) {
        Ok(params) => Ok(params.into_values()),
        Err(error) => Err(ApiError::invalid(format!("params: {error}"))),
    }
}

/// The trial that took the configuration with that key, where one has.
async fn find(
    db: &mut PgConnection,
    study: &LockedStudy,
    key: &str,
    params: &ParamValues,
) -> ApiResult<Option<Option<i32>>> {
    let row = sqlx::query!(
        r#"SELECT number, params AS "params: Json<ParamValues>" FROM enqueued WHERE study_id = $1 AND key = $2"#,
        study.id.0,
        key
    );
    match row.fetch_optional(db).await? {
        Some(row) if row.params.0 != *params => {
            Err(ApiError::conflict(format!("the key {key:?} stands for another configuration already")))
        }
        row => Ok(row.map(|row| row.number)),
    }
}

async fn insert(
    db: &mut PgConnection,
    study: &LockedStudy,
    key: &str,
    params: &ParamValues,
) -> ApiResult<()> {
    let name = &study.spec.name;
    if study.state != StudyState::Searching {
        return Err(ApiError::conflict(format!(
            "the search of {name:?} is over; nothing can be added to it"
        )));
    }
    let count = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM runs WHERE study_id = $1 AND kind = 'trial') AS "taken!",
               (SELECT count(*) FROM enqueued WHERE study_id = $1 AND number IS NULL) AS "waiting!""#,
        study.id.0
    );
    let count = count.fetch_one(&mut *db).await?;
    let (taken, waiting) = (count.taken, count.waiting);
    if taken + waiting >= i64::from(study.spec.trials) {
        return Err(ApiError::conflict(format!(
            "all {} trials of {name:?} are taken: {taken} proposed, {waiting} enqueued",
            study.spec.trials
        )));
    }
    sqlx::query!(
        "INSERT INTO enqueued (study_id, key, params) VALUES ($1, $2, $3)",
        study.id.0,
        key,
        Json(params) as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes the oldest waiting configuration for a trial: its parameters and their record.
pub(crate) async fn take(
    db: &mut PgConnection,
    study: &LockedStudy,
    number: u32,
) -> ApiResult<Option<(ParamValues, Record)>> {
    let column = i32::try_from(number).map_err(|error| ApiError::Broken(error.to_string()))?;
    let row = sqlx::query!(
        r#"UPDATE enqueued SET number = $2
           WHERE study_id = $1 AND position = (
               SELECT min(position) FROM enqueued WHERE study_id = $1 AND number IS NULL
           )
           RETURNING key, params AS "params: Json<ParamValues>""#,
        study.id.0,
        column,
    );
    let row = row.fetch_optional(db).await?;
    Ok(row.map(|row| (row.params.0, Record::Given(Given::new(row.key, number)))))
}
