//! Seals: the record that a study's test split was opened.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::artifact::Sha256;
use crate::id::{Attempt, RunId};
use crate::objective::ScoringProtocol;
use crate::report::TestResult;

/// The record that a study's test split was opened: by which run, when, with what result. One per study; the rows of all
/// studies on one dataset are the ledger of its test split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Seal {
    /// The test run; in studies from before test runs, the final run.
    pub run_id: RunId,
    /// The attempt that opened it last. Another attempt of the same run may open it only after this one was lost.
    pub attempt: Attempt,
    /// Hash of the test split.
    pub test_sha256: Sha256,
    /// When it was first opened.
    pub opened_at: DateTime<Utc>,
    /// How often it was handed out. More than once only when an attempt was lost after opening it.
    pub openings: i32,
    /// The scores of each final model; empty until the test run completed.
    pub results: Vec<TestResult>,
    /// When the scores were sealed.
    pub sealed_at: Option<DateTime<Utc>>,
}

impl Seal {
    /// The mean test F1 of the final models; `None` until the scores are sealed.
    pub fn f1(&self, protocol: ScoringProtocol) -> Option<f64> {
        TestResult::mean_f1(&self.results, protocol)
    }
}
