//! Datasets: registering and reading them. Owns the rule that a split which trials read is never a test split.

pub(crate) mod http;
pub(crate) mod sql;
#[cfg(test)]
mod tests;
