//! Leases: how a run is handed to one worker at a time, and what becomes of that worker's writes.
//!
//! An attempt is live until its worker ends it or its lease runs out. Only a live attempt can write; every write
//! renews its lease.

pub(crate) mod claim;
#[cfg(test)]
mod contention_tests;
#[cfg(test)]
mod control_tests;
pub(crate) mod end;
pub(crate) mod held;
pub(crate) mod http;
#[cfg(test)]
mod retry_tests;
#[cfg(test)]
mod tests;
pub(crate) mod view;
pub(crate) mod write;
