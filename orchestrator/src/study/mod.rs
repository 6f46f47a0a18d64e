//! Studies: creating, cancelling, reading, and moving each from its first trial to its sealed test score.

mod advance;
mod cancel;
mod create;
pub(crate) mod http;
pub(crate) mod locked;
#[cfg(test)]
mod tests;
pub(crate) mod view;

pub(crate) use advance::advance;
pub(crate) use cancel::cancel;
pub(crate) use create::create;
