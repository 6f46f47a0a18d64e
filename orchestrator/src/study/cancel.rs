//! Cancelling a study.

use pedigree_protocol::study::{Study, StudyState};
use sqlx::PgPool;

use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::study::{locked, view};

/// Ends a study by a user's wish: waiting runs at once, live ones as soon as their workers hear of it.
pub(crate) async fn cancel(pool: &PgPool, id_or_name: &str) -> ApiResult<Study> {
    let study = view::get(pool, id_or_name).await?;
    let mut tx = db::begin(pool).await?;
    let Some(locked) = locked::lock(&mut tx, study.id).await? else {
        return Err(ApiError::not_found(format!("there is no study {id_or_name:?} any more")));
    };
    match locked.state {
        StudyState::Cancelled => {}
        StudyState::Completed | StudyState::Failed => {
            return Err(ApiError::conflict(format!("the study {:?} has ended already", locked.spec.name)));
        }
        StudyState::Searching | StudyState::Finishing => {
            locked.enter(&mut tx, StudyState::Cancelled, None).await?;
        }
    }
    tx.commit().await?;
    view::get(pool, id_or_name).await
}
