//! The sampler: (space, history, seed) → parameters.
//!
//! Pure: no async, no clock, no I/O. [`suggest`] turns a [`History`] into points of the space (`axis`), asks the method's
//! sampler (`preset`: `auto`, `tpe`, `gp`, `random`, `grid_search`, `sobol`) for the next point, and returns parameters that
//! the space admits, with the record from which [`replay`] can compute them again. All draws come from one tree of seeds
//! (`seed`), and all elementary functions give the same bits on every machine (`real`). [`transfer`] lets finished sibling
//! studies take part, [`pruner`] ends trials early, [`importance`] says which parameters matter, and [`significance`]
//! compares two systems by what each got right.
//!
//! Must not know runs, leases, or where trials are kept.

#![warn(missing_docs)]

mod auto;
mod axis;
mod donor;
mod gp;
mod grid_search;
mod history;
pub mod importance;
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
mod suggest;
mod tpe;
pub mod transfer;
mod trial;
mod tried;
mod untried;

pub use history::History;
pub use past::Past;
pub use sampler::Search;
pub use seed::{final_seed, training_seed};
pub use session::Session;
pub use suggest::{Suggestion, suggest};
pub use trial::{Observed, Outcome};
pub use tried::Tried;
