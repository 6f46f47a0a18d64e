//! Workers and the devices that they offer.
//!
//! Owns the rows of both and the quarantine of devices. Whether a worker is alive is decided by the SQL function
//! `worker_is_alive(workers)`, and by nothing else. Must not know which work is due.

pub(crate) mod http;
pub(crate) mod quarantine;
pub(crate) mod readings;
pub(crate) mod release;
pub(crate) mod sql;
#[cfg(test)]
mod tests;
