//! What operators ask for: a diagnosis of this coordinator and its database, and room on the disk.

pub(crate) mod diagnosis;
pub(crate) mod http;
#[cfg(test)]
mod race_tests;
pub(crate) mod retention;
#[cfg(test)]
mod tests;
