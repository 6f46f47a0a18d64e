//! What operators ask of a coordinator: a diagnosis, and the removal of what is no longer needed.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Works, but somebody should look.
    Warning,
    /// Does not work, or puts results at risk.
    Failure,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failure => "failure",
        })
    }
}

/// What was looked at, what was found, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// What was looked at, such as `migrations`.
    pub check: String,
    /// How serious it is.
    pub level: Level,
    /// What was found, as a sentence.
    pub finding: String,
    /// What to do; absent where all is well.
    pub fix: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(check: &str, finding: impl Into<String>) -> Self {
        Self { check: check.into(), level: Level::Ok, finding: finding.into(), fix: None }
    }

    /// Somebody should look.
    pub fn warning(check: &str, finding: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check: check.into(), level: Level::Warning, finding: finding.into(), fix: Some(fix.into()) }
    }

    /// It does not work.
    pub fn failure(check: &str, finding: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check: check.into(), level: Level::Failure, finding: finding.into(), fix: Some(fix.into()) }
    }
}

/// The diagnosis of a coordinator and its database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diagnosis {
    /// Version of the coordinator.
    pub version: String,
    /// The database's time when the answer was made.
    pub database_time: DateTime<Utc>,
    /// Everything that was looked at.
    pub findings: Vec<Finding>,
}

/// What may be removed from studies that have ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Only of studies that ended at least this many days ago.
    pub days: u32,
    /// How many trials of each study keep their files and logs, best first. The final run always keeps its own.
    pub keep_best: u32,
    /// Only count, remove nothing.
    pub dry_run: bool,
}

/// What was removed, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Removed {
    /// Whether it was only counted.
    pub dry_run: bool,
    /// By study.
    pub studies: Vec<RemovedOfStudy>,
    /// Artifacts that nothing references any more, those that the studies give up included.
    pub contents: i64,
    /// Their size, bytes.
    pub content_bytes: i64,
}

/// What one study gives up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemovedOfStudy {
    /// The study's name.
    pub study: String,
    /// Trials that give up files or logs.
    pub trials: i64,
    /// Files of their attempts: adapters, predictions, logs.
    pub files: i64,
    /// Size of those files, bytes. Content that several files share counts for each.
    pub file_bytes: i64,
    /// Size of the live logs in the database, bytes.
    pub log_bytes: i64,
}
