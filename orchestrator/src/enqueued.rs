//! Configurations that users have enqueued, as proposing takes them: before anything is suggested.

use pedigree_protocol::ParamValues;
use pedigree_protocol::suggestion::{Given, Record};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::error::{ApiError, ApiResult};
use crate::study::locked::LockedStudy;

/// Takes the oldest enqueued configuration for a trial: its parameters and their record.
pub(crate) async fn take(
    db: &mut PgConnection,
    study: &LockedStudy,
    number: u32,
) -> ApiResult<Option<(ParamValues, Record)>> {
    let column = i32::try_from(number).map_err(|error| ApiError::Broken(error.to_string()))?;
    let take = sqlx::query!(
        r#"UPDATE enqueued SET number = $2
           WHERE study_id = $1 AND position = (
               SELECT min(position) FROM enqueued WHERE study_id = $1 AND number IS NULL
           )
           RETURNING key, params AS "params: Json<ParamValues>""#,
        study.id.0,
        column,
    );
    let row = take.fetch_optional(db).await?;
    Ok(row.map(|row| (row.params.0, Record::Given(Given::new(row.key, number)))))
}
