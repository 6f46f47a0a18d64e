//! Who may write: whoever bears the coordinator's token. Reads are open.

use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::Response;
use pedigree_protocol::ErrorCode;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::error::ApiError;

/// Refuses a write that does not bear the token.
pub(crate) async fn require_token(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match &app.token {
        Some(token) if !reads && !bears(&request, token) => Err(ApiError::Refused {
            code: ErrorCode::Unauthorized,
            message: "this coordinator wants a token for writes: give it with --token or PEDIGREE_TOKEN"
                .to_owned(),
        }),
        _ => Ok(next.run(request).await),
    }
}

fn bears(request: &Request, token: &str) -> bool {
    let given = request.headers().get(header::AUTHORIZATION).map(|v| v.as_bytes());
    given.and_then(|v| v.strip_prefix(b"Bearer ")).is_some_and(|given| same(given, token.as_bytes()))
}

/// Equality whose duration says nothing about where the two differ: it compares their hashes in full.
fn same(a: &[u8], b: &[u8]) -> bool {
    let (a, b) = (Sha256::digest(a), Sha256::digest(b));
    a.iter().zip(b.iter()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_token_is_accepted() {
        let request = |value: &str| {
            Request::builder().header(header::AUTHORIZATION, value).body(axum::body::Body::empty()).unwrap()
        };
        assert!(bears(&request("Bearer secret"), "secret"));
        assert!(!bears(&request("Bearer secre"), "secret"));
        assert!(!bears(&request("secret"), "secret"));
        assert!(!bears(&Request::new(axum::body::Body::empty()), "secret"));
    }
}
