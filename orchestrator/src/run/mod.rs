//! Runs: their states, how they are shown, and their logs.

pub(crate) mod control;
mod disk;
pub(crate) mod http;
pub(crate) mod list;
pub(crate) mod locked;
pub(crate) mod log;
pub(crate) mod machine;
pub(crate) mod owner;
pub(crate) mod prune;
pub(crate) mod report;
pub(crate) mod retry;
pub(crate) mod sql;
pub(crate) mod tally;
pub(crate) mod trial;
pub(crate) mod trial_cache;
pub(crate) mod trials;
pub(crate) mod view;
