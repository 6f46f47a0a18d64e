//! The queue: what stands in line for devices. A study and a pretraining each have one entry, under their own id.
//!
//! Owns names, priorities, holds, limits and what is asked of devices, and explains why an entry waits. Must not know
//! what a study searches or what a pretraining leaves; [`crate::lease::claim`] decides whose turn it is.

pub(crate) mod entry;
mod fit;
#[cfg(test)]
mod fit_tests;
pub(crate) mod waiting;
pub(crate) mod work;
