//! What has to be known of a grant to hold its lease and to hand its attempt over.
//!
//! Reads the kept grants of earlier releases too: nothing else of a grant matters to the worker that comes after.

use pedigree_protocol::lease::LeaseGrant;
use pedigree_protocol::{Attempt, RunId};
use serde::Deserialize;

/// An attempt whose lease this host holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct HeldAttempt {
    pub(crate) run_id: RunId,
    pub(crate) attempt: Attempt,
    /// Name of its study or pretraining, for logs.
    #[serde(alias = "study_name")]
    pub(crate) queue_name: String,
    pub(crate) ttl_ms: u32,
}

impl From<&LeaseGrant> for HeldAttempt {
    fn from(grant: &LeaseGrant) -> Self {
        Self {
            run_id: grant.run_id,
            attempt: grant.attempt,
            queue_name: grant.queue_name.clone(),
            ttl_ms: grant.ttl_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grant_of_this_release_and_that_of_the_one_before_are_read() {
        let grant = crate::scripted_coordinator::grant(3000);
        let kept = serde_json::to_string(&grant).unwrap();
        assert_eq!(serde_json::from_str::<HeldAttempt>(&kept).unwrap(), HeldAttempt::from(&grant));
        let recorded = include_str!("grant_0_1_0.json");
        let held: HeldAttempt = serde_json::from_str(recorded).unwrap();
        assert_eq!((held.attempt, held.queue_name.as_str(), held.ttl_ms), (Attempt(2), "try", 30_000));
        assert!(serde_json::from_str::<LeaseGrant>(recorded).is_err(), "it is one of the release before");
    }
}
