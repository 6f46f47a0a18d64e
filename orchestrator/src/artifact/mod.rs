//! Artifacts: bytes known by the hash of their content.
//!
//! Owns the object store and two rules: sealed content is not served, and content that trials read is not sealed. Must
//! not know what else an artifact is for.

pub(crate) mod http;
pub(crate) mod sql;
mod store;
mod sweep;
#[cfg(test)]
mod tests;

pub(crate) use store::{read, receive, remove, serve};
pub(crate) use sweep::sweep;
