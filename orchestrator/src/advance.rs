//! What follows for the owner of a run when the run has changed.

use crate::error::ApiResult;
use crate::run::owner::Owner;
use crate::study::studies::Studies;
use crate::{dapt, grid, study};

/// Moves a study and its grid on, or ends a pretraining, as its runs call for. Idempotent.
pub(crate) async fn advance(studies: &Studies, owner: Owner) -> ApiResult<()> {
    match owner {
        Owner::Study(id) => {
            study::advance(studies, id).await?;
            Box::pin(grid::after_study(studies, id)).await
        }
        Owner::Pretraining(id) => dapt::end::close(&studies.pool, id).await,
    }
}
