//! Backbones: registration and reading.

pub(crate) mod http;
pub(crate) mod sql;
