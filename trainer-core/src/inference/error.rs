//! Why an adapter cannot be used.

use std::path::PathBuf;

use super::LabelMapError;
use crate::backbone::BackboneError;
use crate::corpus::CorpusError;
use crate::{ExitReason, TrainError};

/// An adapter, a backbone or a corpus that does not fit.
#[derive(Debug, thiserror::Error)]
pub enum InferenceError {
    /// A file of the adapter cannot be read.
    #[error("{path}: cannot be read: {source}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the adapter does not hold what it should.
    #[error("{path}: {problem}", path = .path.display())]
    Adapter {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The backbone cannot be read.
    #[error(transparent)]
    Backbone(#[from] BackboneError),
    /// The corpus cannot be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// Adapter and corpus name entities differently.
    #[error(transparent)]
    Labels(#[from] LabelMapError),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] TrainError),
}

impl InferenceError {
    /// The class of this fault, which is also the exit code of the process.
    pub fn reason(&self) -> ExitReason {
        match self {
            Self::Model(error) => error.reason(),
            Self::Unreadable { .. }
            | Self::Adapter { .. }
            | Self::Backbone(_)
            | Self::Corpus(_)
            | Self::Labels(_) => ExitReason::InvalidInput,
        }
    }
}
