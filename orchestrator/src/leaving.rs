//! Closing connections once the coordinator was told to stop: each one ends with its next answer.
//!
//! A client that still needs a coordinator connects anew, and may reach another one.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::middleware::Next;
use axum::response::Response;
use tokio_util::sync::CancellationToken;

/// Asks the client to close its connection once the coordinator stops.
pub(crate) async fn let_go(State(stop): State<CancellationToken>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if stop.is_cancelled() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
