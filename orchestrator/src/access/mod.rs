//! Who is calling, and whether they may: the coordinator's own token, tokens with roles, browser sessions.
//!
//! Owns the gate that every request passes and the hashes behind it. Must not know what a request does
//! beyond the need that its route was registered with.

pub(crate) mod caller;
pub(crate) mod gate;
pub(crate) mod http;
pub(crate) mod need;
pub(crate) mod ownership;
pub(crate) mod rate;
pub(crate) mod recognise;
pub(crate) mod secret;
pub(crate) mod session;
#[cfg(test)]
mod tests;
pub(crate) mod token;
