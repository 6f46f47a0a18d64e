//! Simulated workers and made-up content, for what is measured or simulated against a real coordinator.
//!
//! Owns how a simulated worker speaks, what it was told, and the comparison of that with the database. Must not know what is
//! measured.

pub(crate) mod check;
pub(crate) mod content;
pub(crate) mod results;
pub(crate) mod tally;
mod worker;

pub(crate) use worker::SimulatedWorker;
