//! Failures of single items of a task.

use crate::error::{ApiError, ApiResult};

/// What a task keeps of its failures: one item that fails does not take its turn from the others.
#[derive(Debug, Default)]
pub(super) struct Failures(Option<ApiError>);

impl Failures {
    /// Notes how one item ended.
    ///
    /// # Errors
    /// When the database is away, which ends the task.
    pub(super) fn note(&mut self, done: ApiResult<()>) -> ApiResult<()> {
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
    pub(super) fn into_result(self) -> ApiResult<()> {
        self.0.map_or(Ok(()), Err)
    }
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
