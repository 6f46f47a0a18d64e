//! Studies: creating, cancelling, reading, and moving each from its first trial to its sealed test score.

mod advance;
mod cancel;
pub(crate) mod control;
mod create;
pub(crate) mod donors;
pub(crate) mod http;
mod insight;
pub(crate) mod locked;
pub(crate) mod replay;
#[cfg(test)]
mod replay_tests;
pub(crate) mod retry;
#[cfg(test)]
mod size_tests;
#[cfg(test)]
mod tests;
mod turn;
pub(crate) mod view;
pub(crate) mod waiting;

pub(crate) use advance::advance;
pub(crate) use cancel::cancel;
pub(crate) use create::{count, create};
