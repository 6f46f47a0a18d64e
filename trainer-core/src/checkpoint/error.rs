//! Why a checkpoint cannot be written or resumed from.

use std::path::PathBuf;

/// A checkpoint that cannot be written or resumed from.
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
    /// The file is damaged, or is not a checkpoint.
    #[error("{}: is not a checkpoint ({problem}); remove it to start over", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A build with another format wrote it.
    #[error(
        "{}: is a checkpoint of version {found}, and this build resumes from version {ours}; remove it to start over",
        path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version in its header.
        found: String,
        /// The version of this build.
        ours: &'static str,
    },
    /// It belongs to another job.
    #[error(
        "{}: is the checkpoint of another job: {difference}; remove it to start over, or name another file as \
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
