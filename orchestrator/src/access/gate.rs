//! The gate: no request reaches its handler without the role that it needs.

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::access::caller::{self, By, Caller};
use crate::access::need;
use crate::access::rate::Peer;
use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// Lets a request pass with its [`Caller`] beside it, or refuses it.
pub(crate) async fn check(State(app): State<App>, mut request: Request, next: Next) -> ApiResult<Response> {
    if let Some(need) = need::of(request.method(), request.uri().path()) {
        let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|peer| peer.0);
        let recognised = caller::recognise(&app, request.headers()).await;
        app.rate.check(recognised.as_ref().ok().and_then(Option::as_ref), peer)?;
        let caller = recognised?.ok_or_else(stranger)?;
        if !caller.role.may(need) {
            return Err(not_enough(&caller));
        }
        if caller.by == By::Session {
            same_site(request.method(), request.headers(), request.uri())?;
        }
        request.extensions_mut().insert(caller);
    }
    Ok(next.run(request).await)
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

/// A browser sends the session's cookie along whatever page made the request: a write must come from our own page.
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
