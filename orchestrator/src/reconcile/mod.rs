//! Upkeep: what the passing of time, or a coordinator that was killed half-way, leaves to be done.
//!
//! Each task is idempotent and takes no input but the database, so that several coordinators may run it at once and
//! any of them may die in it. No request is needed for a study to come to its end.

mod advance_studies;
pub(crate) mod driver;
mod expire_leases;
mod outage;
mod trim_events;

pub(crate) use expire_leases::expire_leases;

use std::sync::Arc;

use object_store::local::LocalFileSystem;
use sqlx::PgPool;

use crate::checkpoint;
use crate::error::ApiResult;

/// Every task once.
pub(crate) async fn pass(pool: &PgPool, store: &Arc<LocalFileSystem>) -> ApiResult<()> {
    expire_leases(pool).await?;
    advance_studies::advance_studies(pool).await?;
    checkpoint::forget_ended(pool, store).await?;
    trim_events::trim_events(pool).await
}
