//! Secrets: made from the operating system's randomness, kept and compared as hashes.

use axum::http::HeaderMap;
use axum_extra::headers::authorization::{Authorization, Bearer};
use axum_extra::headers::{Cookie, HeaderMapExt as _};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// SHA-256 of a secret's text. How long two take to compare says nothing about where the texts differ.
pub(crate) type Hash = [u8; 32];

/// The hash of a secret's text.
pub(crate) fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// A new secret: 244 random bits behind a prefix, by which scanners recognise a leaked secret.
pub(crate) fn make(prefix: &str) -> String {
    format!("{prefix}_{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// The hash of a bearer token.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Hash> {
    let bearer = headers.typed_get::<Authorization<Bearer>>()?;
    Some(hash(bearer.token()))
}

/// The hash of a cookie's value.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<Hash> {
    let cookies = headers.typed_get::<Cookie>()?;
    cookies.get(name).map(hash)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    #[test]
    fn credentials_are_read_from_their_headers() {
        let mut headers = HeaderMap::new();
        assert_eq!((bearer(&headers), cookie(&headers, "a")), (None, None));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("bearer pdg_1"));
        headers.append(header::COOKIE, HeaderValue::from_static("aa=0; a=1"));
        assert_eq!((bearer(&headers), cookie(&headers, "a")), (Some(hash("pdg_1")), Some(hash("1"))));
        headers.append(header::COOKIE, HeaderValue::from_static("b=2"));
        assert_eq!(cookie(&headers, "b"), Some(hash("2")), "of several headers");
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Basic cGRn"));
        assert_eq!(bearer(&headers), None);
    }

    #[test]
    fn no_two_secrets_are_alike() {
        assert_ne!(make("pdg"), make("pdg"));
        assert_eq!(make("pdg").len(), 4 + 64);
    }
}
