//! Secrets: made from the operating system's randomness, kept and compared as hashes.

use axum::http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// SHA-256 of a secret's text. Comparing two takes the same time wherever they differ in the texts.
pub(crate) type Hash = [u8; 32];

/// The hash of a secret's text.
pub(crate) fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// A new secret: a prefix by which scanners for leaked secrets know it, and 244 random bits.
pub(crate) fn make(prefix: &str) -> String {
    format!("{prefix}_{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// The text of a bearer token.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|value| value.split(';')).find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn credentials_are_read_from_their_headers() {
        let mut headers = HeaderMap::new();
        assert_eq!((bearer(&headers), cookie(&headers, "a")), (None, None));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("bearer pdg_1"));
        headers.append(header::COOKIE, HeaderValue::from_static("aa=0; a=1"));
        assert_eq!((bearer(&headers), cookie(&headers, "a")), (Some("pdg_1"), Some("1")));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Basic cGRn"));
        assert_eq!(bearer(&headers), None);
    }

    #[test]
    fn no_two_secrets_are_alike() {
        assert_ne!(make("pdg"), make("pdg"));
        assert_eq!(make("pdg").len(), 4 + 64);
    }
}
