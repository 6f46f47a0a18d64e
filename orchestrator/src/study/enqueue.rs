//! Enqueuing a configuration that a user wants tried: once by its key, before anything is suggested.

use pedigree_protocol::study::{Enqueue, Enqueued, StudyState};
use pedigree_protocol::{ParamValues, StudyId};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::error::{ApiError, ApiResult};
use crate::study::advance;
use crate::study::locked::{self, LockedStudy};
use crate::study::studies::Studies;

/// Enqueues a configuration for a study. The same configuration under the same key again changes nothing.
pub(crate) async fn enqueue(studies: &Studies, id_or_name: &str, wanted: &Enqueue) -> ApiResult<Enqueued> {
    let pool = &studies.pool;
    let (study, params) = locked::open(pool, id_or_name, async |db, study| {
        let params = check(study, wanted)?;
        if find(db, study.id, &wanted.key, &params).await?.is_none() {
            insert(db, study, &wanted.key, &params).await?;
        }
        Ok((study.id, params))
    })
    .await?;
    advance(studies, study).await?;
    let number = find(&mut *pool.acquire().await?, study, &wanted.key, &params).await?.flatten();
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
    study: StudyId,
    key: &str,
    params: &ParamValues,
) -> ApiResult<Option<Option<i32>>> {
    let select = sqlx::query!(
        r#"SELECT number, params AS "params: Json<ParamValues>" FROM enqueued WHERE study_id = $1 AND key = $2"#,
        study.0,
        key
    );
    match select.fetch_optional(db).await? {
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
    let select = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM runs WHERE queue_id = $1 AND kind = 'trial') AS "taken!",
               (SELECT count(*) FROM enqueued WHERE study_id = $1 AND number IS NULL) AS "waiting!""#,
        study.id.0
    );
    let count = select.fetch_one(&mut *db).await?;
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
