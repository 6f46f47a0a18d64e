//! Which open studies have runs that call for something.

use pedigree_protocol::StudyId;
use pedigree_protocol::run::FailureCause;
use sqlx::PgPool;

use crate::error::ApiResult;

/// Open studies that [`advance`](crate::study::advance) would move on, oldest first.
pub(crate) async fn due(pool: &PgPool) -> ApiResult<Vec<StudyId>> {
    let ending = |a_trial_completed: bool| -> Vec<FailureCause> {
        FailureCause::ALL.into_iter().filter(|cause| cause.ends_study(a_trial_completed)).collect()
    };
    let select = sqlx::query_file_scalar!("src/study/due.sql", ending(true) as _, ending(false) as _);
    Ok(select.fetch_all(pool).await?.into_iter().map(StudyId).collect())
}
