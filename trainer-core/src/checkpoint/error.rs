//! Why a checkpoint cannot be written or taken up.

use std::path::PathBuf;

/// A checkpoint that cannot be written or taken up.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file system refused the write.
    #[error("{}: the checkpoint cannot be written: {source}", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file system refused the read.
    #[error("{}: the checkpoint cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is damaged or something else.
    #[error("{}: is no checkpoint ({problem}); remove it to begin anew", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Another build wrote it.
    #[error(
        "{}: is a checkpoint of version {found}, and this build takes up version {}; remove it to begin anew",
        path.display(), super::VERSION
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version in its header.
        found: String,
    },
    /// It belongs to another job.
    #[error(
        "{}: is the checkpoint of another job: {difference}; remove it to begin anew, or name another file as \
         checkpoint.file",
        path.display()
    )]
    OtherJob {
        /// The file.
        path: PathBuf,
        /// The first difference.
        difference: String,
    },
}
