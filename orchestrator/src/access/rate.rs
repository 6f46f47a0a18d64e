//! Rate limits: one for each token, one for each address of callers without a token.
//!
//! Owns the buckets, which are in this process's memory: each coordinator counts for itself. Must not know what is
//! asked for.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use governor::clock::DefaultClock;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use pedigree_protocol::TokenId;
use pedigree_protocol::access::Role;
use tokio::net::TcpListener;

use crate::access::caller::{By, Caller};
use crate::error::{ApiError, ApiResult};
use crate::tls;

/// A bucket holds at most this many seconds of unused requests.
const BURST_SECONDS: u32 = 4;
/// Full buckets are dropped once there are more than this many.
const FORGET_ABOVE: usize = 10_000;

/// The address at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl From<&SocketAddr> for Peer {
    fn from(address: &SocketAddr) -> Self {
        // The same IPv4 caller may come as IPv6 on a socket for both.
        Self(address.ip().to_canonical())
    }
}

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        stream.remote_addr().into()
    }
}

impl Connected<IncomingStream<'_, tls::Encrypted>> for Peer {
    fn connect_info(stream: IncomingStream<'_, tls::Encrypted>) -> Self {
        stream.remote_addr().into()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Token(TokenId),
    Address(Option<IpAddr>),
}

/// A bucket for each caller (generic cell rate algorithm).
pub(crate) struct Rate(Option<RateLimiter<Key, DashMapStateStore<Key>, DefaultClock>>);

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rate").field(&self.0.as_ref().map(RateLimiter::len)).finish()
    }
}

impl Rate {
    /// Allows `per_second` requests in the long run, and four times as many at once after a pause. `None` allows any
    /// number.
    pub(crate) fn new(per_second: Option<NonZeroU32>) -> Self {
        Self(per_second.map(|rate| {
            let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECONDS - 1));
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
        }))
    }

    /// Counts one request. A caller whose credentials were refused is `None` and counts by its address. The
    /// coordinator's own token has no limit, nor has anybody where everybody may do everything.
    pub(crate) fn check(&self, caller: Option<&Caller>, peer: Option<Peer>) -> ApiResult<()> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        let key = match caller.map(|caller| caller.by) {
            Some(By::OwnToken) => return Ok(()),
            Some(By::Nothing) if caller.is_some_and(|caller| caller.role == Role::Admin) => return Ok(()),
            Some(By::Token(id)) => Key::Token(id),
            Some(By::Session | By::Nothing) | None => Key::Address(peer.map(|peer| peer.0)),
        };
        if limiter.len() > FORGET_ABOVE {
            limiter.retain_recent();
        }
        limiter.check_key(&key).map_err(|_| ApiError::too_many())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(rate: &Rate, by: By, address: u8, requests: u32) -> usize {
        let peer = Some(Peer(IpAddr::from([192, 0, 2, address])));
        let caller = Caller { role: Role::Viewer, by };
        (0..requests).filter(|_| rate.check(Some(&caller), peer).is_ok()).count()
    }

    #[test]
    fn each_caller_has_a_bucket_of_its_own() {
        // One a second is the slowest rate there is; the test takes less than that.
        let rate = Rate::new(NonZeroU32::new(1));
        assert!((4..=5).contains(&passed(&rate, By::Nothing, 1, 50)));
        assert!(
            passed(&rate, By::Session, 1, 50) <= 1,
            "a browser and an unknown caller share their address"
        );
        assert!(passed(&rate, By::Nothing, 2, 4) == 4, "another address");
        let token = By::Token(TokenId::new());
        assert!(passed(&rate, token, 1, 50) >= 4, "a token counts by itself");
        assert!(passed(&rate, token, 2, 50) <= 1, "wherever it is used");
        assert_eq!(passed(&rate, By::OwnToken, 1, 50), 50);
        assert_eq!(passed(&Rate::new(None), By::Nothing, 1, 50), 50);
    }
}
