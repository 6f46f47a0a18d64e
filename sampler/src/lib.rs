//! The sampler: (space, history, seed) → parameters.
//!
//! Pure: no async, no clock, no I/O. [`suggest`] reads a [`History`] through the axes of a space (`axis`), lets the
//! method's sampler (`preset`) choose a point (`auto`, `tpe`, `gp`, `random`, `grid`, `sobol`) with generators that grow
//! on one tree of seeds (`seed`) and elementary functions that are the same on every machine (`real`), and hands back parameters that the space has admitted, with the record from which the
//! choice can be recomputed. It knows nothing of runs, leases or where trials are kept. [`significance`] compares two
//! systems by what each got right.

#![warn(missing_docs)]

mod auto;
mod axis;
mod gp;
mod grid;
mod history;
pub mod importance;
mod numbers;
mod past;
mod preset;
pub mod pruner;
mod random;
mod real;
pub mod replay;
mod sampler;
mod seed;
mod session;
pub mod significance;
mod sobol;
mod tpe;
pub mod transfer;
mod tried;

pub use history::{History, Observed, Outcome};
pub use past::Past;
pub use sampler::{Search, Suggestion, suggest};
pub use seed::training_seed;
pub use session::Session;
pub use tried::Tried;
