//! Circles of modules within a crate: files that use each other, directly or around.
//!
//! Owns how source text becomes a graph of files. A path counts for the file that defines what it names, seen through
//! re-exports; so a parent that only re-exports its children is on no circle, and one that works with what they define
//! and is used by them is on one. What carries no path (a method call, a trait's implementation) is not seen, test code
//! does not count, and code behind a feature does. Must not know which crates are checked.

mod graph;
mod mention;
mod scope;
mod source;
mod test_code;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use graph::{Knot, Use};

/// The knots of the crate whose root file is `root`; `read` answers the text of a file, or `None` where there is none.
pub fn knots(root: &Path, read: impl Fn(&Path) -> Option<String>) -> Vec<Knot> {
    graph::knots(&source::read_crate(root, read))
}
