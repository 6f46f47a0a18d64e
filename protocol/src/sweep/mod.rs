//! Search-space files: YAML in, a checked [`StudySpec`](crate::study::StudySpec) or a list of problems with positions out.
//!
//! `node` (YAML with positions) → `table` (keys and kinds) → `dimension`, `top` (meaning) → [`SweepFile`]. Owns the key
//! names, the trainer's parameter names and every sentence about a wrong file. Must not know what is registered on a
//! server, nor read files.

mod dimension;
mod file;
mod finals;
mod foreign;
mod grid;
mod node;
pub mod parameters;
mod prior;
mod problem;
mod pruner;
mod resources;
mod retries;
mod schema;
mod space;
mod study;
mod table;
mod top;
mod value;
mod without_effect;

pub use file::{Overrides, SweepFile};
pub use grid::{GridFile, GridFlags, PretrainingFile, PretrainingRead, grid_schema};
pub use parameters::Parameter;
pub use problem::{Position, Problem, Problems};
pub use schema::schema;

#[cfg(test)]
mod notation_tests;
#[cfg(test)]
mod tests;
