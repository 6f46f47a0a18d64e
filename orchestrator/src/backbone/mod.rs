//! Backbones: registration and reading.

pub(crate) mod http;
pub(crate) mod sql;
#[cfg(test)]
mod tests;
