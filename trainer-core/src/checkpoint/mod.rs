//! Progress on disk: everything that the next run of a killed job needs, in one file.
//!
//! Owns the file, the identity of a job, and when a checkpoint is due. The file is written beside its place and renamed,
//! so that a reader sees a whole one or none. Must not know what a state means. Random generators are not stored: every
//! draw comes from a seed named by epoch or step.

mod error;
mod file;
mod groups;
mod identity;
mod keeper;

pub use error::CheckpointError;
pub(crate) use file::Checkpoint;
pub(crate) use groups::Groups;
pub(crate) use identity::{Identity, hash_backbone, hash_file};
pub(crate) use keeper::Keeper;
