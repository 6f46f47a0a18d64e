//! Backbones: registration and reading, and those that pretrainings leave.

pub(crate) mod adapted;
pub(crate) mod http;
pub(crate) mod promise;
pub(crate) mod sql;
#[cfg(test)]
mod tests;
