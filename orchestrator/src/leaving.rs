//! How a coordinator that was told to stop takes its leave: every answer from then on is its connection's last.
//!
//! Whoever holds a connection comes back through the front door, behind which another coordinator may stand.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;

/// Lets go of connections once the coordinator stops.
pub(crate) async fn let_go(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if app.shutdown.is_cancelled() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
