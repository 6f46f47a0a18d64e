//! The gate: no request reaches its handler without the role that it needs.

use std::sync::Arc;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use pedigree_protocol::access::Need;

use crate::access::caller::{By, Caller};
use crate::access::need::{Access, AccessTable};
use crate::access::rate::{Peer, Rate};
use crate::access::recognise::Credentials;
use crate::error::{ApiError, ApiResult};

/// What decides whether a request passes.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    /// Who may call each route.
    pub(crate) access: Arc<AccessTable>,
    /// What callers are recognised by.
    pub(crate) credentials: Credentials,
    /// How often each caller may ask.
    pub(crate) rate: Arc<Rate>,
}

/// Lets a request pass with its [`Caller`] beside it, or refuses it.
pub(crate) async fn check(State(gate): State<Gate>, request: Request, next: Next) -> ApiResult<Response> {
    let (mut parts, body) = request.into_parts();
    let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    if let Access::Needs(need) = gate.access.of(&parts.method, route, parts.uri.path()) {
        let caller = gate.admit(&parts, need).await?;
        parts.extensions.insert(caller);
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

impl Gate {
    /// The caller of a request that may pass.
    async fn admit(&self, request: &Parts, need: Need) -> ApiResult<Caller> {
        let peer = request.extensions.get::<ConnectInfo<Peer>>().map(|peer| peer.0);
        let recognised = self.credentials.recognise(&request.headers).await;
        self.rate.check(recognised.as_ref().ok().and_then(Option::as_ref), peer)?;
        let caller = recognised?.ok_or_else(stranger)?;
        if !caller.role.may(need) {
            return Err(not_enough(&caller));
        }
        if caller.by == By::Session {
            same_site(&request.method, &request.headers, &request.uri)?;
        }
        Ok(caller)
    }
}

fn stranger() -> ApiError {
    ApiError::unauthorized(
        "this coordinator wants to know who is calling: give a token with --token or PEDIGREE_TOKEN; for a browser, \
         `pedigree login` prints a link",
    )
}

fn not_enough(caller: &Caller) -> ApiError {
    let role = caller.role;
    match caller.by {
        By::Nothing => ApiError::unauthorized(
            "this coordinator wants a token for this: give it with --token or PEDIGREE_TOKEN",
        ),
        By::OwnToken | By::Token(_) | By::Session => ApiError::forbidden(format!(
            "a caller with the role {role} may not do this; ask an admin for a token with another role"
        )),
    }
}

/// A browser sends the session's cookie whichever page made the request, so a write must come from our own page.
fn same_site(method: &Method, headers: &HeaderMap, uri: &Uri) -> ApiResult<()> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let same_origin = match text("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => {
            let host = text(header::HOST.as_str()).or_else(|| uri.authority().map(|host| host.as_str()));
            let origin = text(header::ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
            host.is_some() && origin.map(|(_, host)| host) == host
        }
    };
    if same_origin || matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    Err(ApiError::forbidden("a write by a browser session must come from the dashboard's own page"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_write_by_session_must_come_from_our_own_page() {
        let passes = |method: Method, pairs: &[(&'static str, &'static str)]| {
            let headers =
                pairs.iter().map(|&(k, v)| (k.parse().unwrap(), HeaderValue::from_static(v))).collect();
            same_site(&method, &headers, &Uri::from_static("/api/v1/studies")).is_ok()
        };
        let post = |pairs: &[(&'static str, &'static str)]| passes(Method::POST, pairs);
        assert!(post(&[("sec-fetch-site", "same-origin")]));
        assert!(!post(&[("sec-fetch-site", "cross-site")]));
        assert!(!post(&[("sec-fetch-site", "same-site")]));
        assert!(post(&[("host", "h:1"), ("origin", "http://h:1")]));
        assert!(!post(&[("host", "h:1"), ("origin", "http://evil")]));
        assert!(!post(&[("host", "h:1")]));
        assert!(!post(&[]));
        assert!(passes(Method::GET, &[("sec-fetch-site", "cross-site")]));
    }
}
