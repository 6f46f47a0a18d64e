//! Whether a trial goes on: pure functions of the reports seen so far.
//!
//! [`decide`] is asked when a trial has reported. Each rule is a module; the rules share [`Track`] and the order of values.
//! Nothing here knows who trains, or what happens to a trial that is pruned.

mod decide;
mod halving;
mod patient;
mod percentile;
mod threshold;
mod track;
mod wilcoxon;

pub use decide::decide;
pub use track::Track;
