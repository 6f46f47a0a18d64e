//! Datasets: registration and reading. Owns the rule that no split that trials read is ever a test split.

pub(crate) mod http;
pub(crate) mod sql;
#[cfg(test)]
mod tests;
