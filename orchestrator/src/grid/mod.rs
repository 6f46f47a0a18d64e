//! Grids: creating, moving each from its pretrainings to its selection and test runs, and showing them.
//!
//! Owns which cells become studies, and when a winner is selected. Must not know how a study searches, nor how a test split
//! is opened.

mod advance;
mod cells;
mod control;
mod create;
pub(crate) mod due;
pub(crate) mod http;
mod locked;
mod machine;
mod selection;
#[cfg(test)]
mod tests;
mod usage;
pub(crate) mod view;

pub(crate) use advance::{advance, after_study};
pub(crate) use selection::{Verdict, verdict};
