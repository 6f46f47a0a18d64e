//! What operators ask for: how this coordinator and its database are, and room on the disk.

pub(crate) mod diagnosis;
pub(crate) mod http;
#[cfg(test)]
mod race_tests;
pub(crate) mod retention;
#[cfg(test)]
mod tests;
