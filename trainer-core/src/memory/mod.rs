//! Memory: what this process has used, what it may use, and what a training will need.
//!
//! Must not know what is trained.

mod estimate;
mod limit;
mod usage;

pub(crate) use estimate::Sizes;
pub(crate) use limit::Limit;
pub(crate) use usage::{device_memory, peak_bytes};
