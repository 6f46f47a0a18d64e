//! Upkeep: what the passing of time, or a coordinator that was killed half-way, leaves to be done.
//!
//! Each task is idempotent and takes no input but the database, so that several coordinators may run it at once and
//! any of them may die in it. No request is needed for a study to come to its end.

mod advance_due;
pub(crate) mod driver;
mod expire_leases;
mod outage;
pub(crate) mod sweep_artifacts;
mod trim_events;

pub(crate) use expire_leases::expire_leases;

use std::sync::Arc;

use object_store::local::LocalFileSystem;

use crate::checkpoint;
use crate::error::{ApiError, ApiResult};
use crate::study::studies::Studies;

/// What a task keeps of its failures: one item that fails does not take its turn from the others.
#[derive(Debug, Default)]
struct Failures(Option<ApiError>);

impl Failures {
    /// Notes how one item ended.
    ///
    /// # Errors
    /// When the database is away, which ends the task.
    fn note(&mut self, done: ApiResult<()>) -> ApiResult<()> {
        match done {
            Err(error) if error.is_outage() => Err(error),
            Err(error) => {
                self.0.get_or_insert(error);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// The first failure, when all have had their turn.
    fn into_result(self) -> ApiResult<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// Every task once.
pub(crate) async fn pass(studies: &Studies, store: &Arc<LocalFileSystem>) -> ApiResult<()> {
    expire_leases(studies).await?;
    advance_due::advance_due(studies).await?;
    checkpoint::forget_ended(&studies.pool, store).await?;
    trim_events::trim_events(&studies.pool).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_lets_the_others_have_their_turn_and_an_outage_does_not() {
        let mut failures = Failures::default();
        failures.note(Err(ApiError::conflict("the first"))).unwrap();
        failures.note(Ok(())).unwrap();
        failures.note(Err(ApiError::conflict("the second"))).unwrap();
        assert!(failures.note(Err(sqlx::Error::PoolTimedOut.into())).unwrap_err().is_outage());
        assert_eq!(failures.into_result().unwrap_err().to_string(), "the first");
        Failures::default().into_result().unwrap();
    }
}
