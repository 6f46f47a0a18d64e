//! What is wrong with a job file.

/// A job that cannot be run, with the key at fault and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct InvalidJob {
    /// Dotted key in the job file, such as `params.learning_rate`.
    pub key: String,
    /// What is wrong and what would be right.
    pub problem: String,
}
