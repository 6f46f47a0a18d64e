//! Studies, pretrainings and grids that a request should have moved on, had its coordinator lived: trials topped up, final runs
//! queued, ends.

use crate::advance::advance;
use crate::error::ApiResult;
use crate::reconcile::failures::Failures;
use crate::run::owner::Owner;
use crate::study::studies::Studies;
use crate::wall::{self, Place};
use crate::{dapt, grid, study};

/// Moves on every study and pretraining whose runs call for it, and every grid that has not ended.
pub(crate) async fn advance_due(studies: &Studies) -> ApiResult<()> {
    let due = study::due::due(&studies.pool).await?.into_iter().map(Owner::Study);
    let ended = dapt::end::due(&studies.pool).await?.into_iter().map(Owner::Pretraining);
    let mut failures = Failures::default();
    for owner in due.chain(ended) {
        let advanced = wall::guard_async(Place::Upkeep, advance(studies, owner)).await;
        failures.note(advanced.unwrap_or_else(|panic| Err(panic.into())))?;
    }
    for id in grid::due::due(&studies.pool).await? {
        let advanced = wall::guard_async(Place::Upkeep, grid::advance(studies, id)).await;
        failures.note(advanced.unwrap_or_else(|panic| Err(panic.into())))?;
    }
    failures.into_result()
}
