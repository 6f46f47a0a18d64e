//! Workers and the devices that they offer.

pub(crate) mod http;
pub(crate) mod quarantine;
pub(crate) mod readings;
pub(crate) mod sql;
#[cfg(test)]
mod tests;
