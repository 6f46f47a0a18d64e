//! The result of computing a study's suggestions again from their records.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::RunId;

/// Every suggestion of a study, computed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StudyReplay {
    /// Suggestions that came out the same to the last bit.
    pub same: u32,
    /// Suggestions that came out differently.
    pub differ: u32,
    /// Suggestions that could not be computed again.
    pub unknown: u32,
    /// Trials whose parameters were given, not suggested.
    pub given: u32,
    /// Each suggestion, by number.
    pub suggestions: Vec<ReplayedSuggestion>,
}

/// One suggestion, computed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayedSuggestion {
    /// The run.
    pub run_id: RunId,
    /// Number of the trial.
    pub number: i32,
    /// The sampler that its record names.
    pub sampler: String,
    /// What became of it.
    pub verdict: ReplayVerdict,
    /// Where it is not the same: a sentence that says why.
    pub explanation: Option<String>,
}

/// What became of a suggestion that was computed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayVerdict {
    /// The same to the last bit.
    Same,
    /// Not the same.
    Differs,
    /// Made by another version of the sampler, which this program does not have.
    OtherVersion,
    /// The record cannot be read, or contradicts the trials.
    Unreadable,
    /// A user gave the parameters.
    Given,
}
