//! Seals: the record that a study's test split was opened.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::artifact::Sha256;
use crate::id::{Attempt, RunId};
use crate::report::TestScores;

/// The record that a study's test split was opened: by which final run, when, with what result. One per study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Seal {
    /// The final run.
    pub run_id: RunId,
    /// The attempt that opened it last. Another attempt of the same final run may open it only after this one was lost.
    pub attempt: Attempt,
    /// Hash of the test split.
    pub test_sha256: Sha256,
    /// When it was first opened.
    pub opened_at: DateTime<Utc>,
    /// How often it was handed out. More than once only when an attempt was lost after opening it.
    pub openings: i32,
    /// The scores; absent until the final run completed.
    pub scores: Option<TestScores>,
    /// When the scores were sealed.
    pub sealed_at: Option<DateTime<Utc>>,
}
