//! What can be wrong with the folder of a backbone or of an adapter.

use std::path::PathBuf;

/// A backbone or an adapter that cannot be used; every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum BackboneError {
    /// A file cannot be read.
    #[error("{path}: cannot be read: {source}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path}: {problem}", path = .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The architecture is not implemented.
    #[error("{path}: model_type {family:?} cannot be trained; families that can: {known}", path = .path.display())]
    UnknownFamily {
        /// The `config.json`.
        path: PathBuf,
        /// Its `model_type`.
        family: String,
        /// The ones that are implemented.
        known: String,
    },
    /// A weight is missing or has another shape than the configuration says.
    #[error("{path}: tensor {tensor}: {problem}", path = .path.display())]
    Tensor {
        /// The weights file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// What is wrong.
        problem: String,
    },
}
