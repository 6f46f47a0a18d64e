//! Upkeep: what the passing of time, or a coordinator that was killed half-way, leaves to be done.
//!
//! Each task is idempotent and takes no input but the database, so that several coordinators may run it at once and
//! any of them may die in it. No request is needed for a study to come to its end.

mod advance_due;
pub(crate) mod driver;
mod expire_leases;
mod failures;
mod outage;
pub(crate) mod sweep_artifacts;
mod trim_events;

pub(crate) use expire_leases::expire_leases;

use std::sync::Arc;

use object_store::local::LocalFileSystem;

use crate::checkpoint;
use crate::error::ApiResult;
use crate::study::studies::Studies;

/// Every task once.
pub(crate) async fn pass(studies: &Studies, store: &Arc<LocalFileSystem>) -> ApiResult<()> {
    expire_leases(studies).await?;
    advance_due::advance_due(studies).await?;
    checkpoint::forget_ended(&studies.pool, store).await?;
    trim_events::trim_events(&studies.pool).await
}
