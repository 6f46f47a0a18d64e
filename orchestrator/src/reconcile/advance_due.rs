//! Studies and pretrainings that a request should have moved on, had its coordinator lived: trials topped up, final runs
//! queued, ends.

use crate::error::ApiResult;
use crate::study::studies::Studies;
use crate::{dapt, study};

/// Moves on every study and pretraining whose runs call for it.
pub(crate) async fn advance_due(studies: &Studies) -> ApiResult<()> {
    for id in study::due::due(&studies.pool).await? {
        study::advance(studies, id).await?;
    }
    for id in dapt::end::due(&studies.pool).await? {
        dapt::end::close(&studies.pool, id).await?;
    }
    Ok(())
}
