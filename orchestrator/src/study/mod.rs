//! Studies: creating, cancelling, reading, and moving each from its first trial to its sealed test score.

mod advance;
mod behind;
mod cancel;
pub(crate) mod control;
mod create;
pub(crate) mod donors;
pub(crate) mod due;
mod enqueue;
mod finals;
pub(crate) mod http;
mod insight;
pub(crate) mod locked;
mod machine;
pub(crate) mod replay;
#[cfg(test)]
mod replay_tests;
pub(crate) mod retry;
#[cfg(test)]
mod size_tests;
pub(crate) mod studies;
#[cfg(test)]
mod tests;
pub(crate) mod turn;
pub(crate) mod view;
#[cfg(test)]
mod wall_tests;

pub(crate) use advance::{advance, end_by_fault};
pub(crate) use cancel::cancel;
pub(crate) use create::{can_be_done, create, create_in};
pub(crate) use enqueue::enqueue;
