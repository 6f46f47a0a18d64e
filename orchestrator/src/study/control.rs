//! What users change about a study that goes on: pause, resume, another priority.

use pedigree_protocol::resources::Hold;
use pedigree_protocol::study::Study;

use crate::error::ApiResult;
use crate::queue::entry;
use crate::study::studies::Studies;
use crate::study::{advance, locked, view};

/// Pauses a study, or lets it go on.
pub(crate) async fn set_hold(studies: &Studies, id_or_name: &str, hold: Hold) -> ApiResult<Study> {
    let id = locked::open(&studies.pool, id_or_name, async |db, study| {
        study.must_be_open()?;
        entry::set_hold(db, study.id.into(), hold).await?;
        Ok(study.id)
    })
    .await?;
    advance(studies, id).await?;
    view::by_id(&studies.pool, id).await
}

/// Gives a study another priority.
pub(crate) async fn prioritise(studies: &Studies, id_or_name: &str, priority: i32) -> ApiResult<Study> {
    let id = locked::open(&studies.pool, id_or_name, async |db, study| {
        study.must_be_open()?;
        entry::prioritise(db, study.id.into(), priority).await?;
        Ok(study.id)
    })
    .await?;
    view::by_id(&studies.pool, id).await
}
