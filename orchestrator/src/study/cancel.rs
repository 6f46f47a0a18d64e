//! Cancelling a study.

use pedigree_protocol::study::{Study, StudyState};

use crate::error::ApiResult;
use crate::study::machine::Event;
use crate::study::studies::Studies;
use crate::study::{locked, view};

/// Ends a study by a user's wish: waiting runs at once, live ones as soon as their workers hear of it.
pub(crate) async fn cancel(studies: &Studies, id_or_name: &str) -> ApiResult<Study> {
    let id = locked::open(&studies.pool, id_or_name, async |db, study| {
        if study.state != StudyState::Cancelled {
            study.must_be_open()?;
            study.step(db, Event::Cancelled).await?;
        }
        Ok(study.id)
    })
    .await?;
    studies.trials.forget(id);
    view::by_id(&studies.pool, id).await
}
