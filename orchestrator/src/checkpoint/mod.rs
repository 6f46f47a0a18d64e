//! Checkpoints: the progress of runs that have not ended, stored by live attempts for their successors.
//!
//! Owns the files under `checkpoints/` in the object store, one folder for each run, and the rule that only a live
//! attempt writes and reads them. A run has one checkpoint, which is removed when the run ends. Must not know what is
//! in it.

pub(crate) mod http;
pub(crate) mod sql;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use store::{fetch, forget_ended, receive};
