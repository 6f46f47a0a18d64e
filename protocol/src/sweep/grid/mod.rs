//! Grid files: YAML in, a checked [`GridSpec`](crate::grid::GridSpec) or a list of problems with positions out.
//!
//! `sources` takes the sources of values out of the tree, `top` and `lists` read the rest with the reader of search-space
//! files, [`GridFile`] fills in what only the caller can read (the texts of pretrainings) and has the whole checked.

mod file;
mod lists;
mod places;
mod schema;
mod sources;
mod top;

pub use file::{GridFile, GridFlags, PretrainingFile, PretrainingRead};
pub use schema::grid_schema;

#[cfg(test)]
mod tests;
