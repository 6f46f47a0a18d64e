//! The stream of changes.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::Stream;

use crate::app::App;
use crate::events::sse;

/// Changes as they happen: server-sent events named `change` (data: a `Change`, id: its revision) and `resync` (some
/// changes may have been missed; read again what is shown).
#[utoipa::path(get, path = "/events", tag = "events", operation_id = "stream_events",
    params(("Last-Event-ID" = Option<i64>, Header, description = "Revision of the last change that was seen")),
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(crate) async fn stream(
    State(app): State<App>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let last_seen = headers.get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    Sse::new(sse::stream(app, last_seen)).keep_alive(KeepAlive::new().interval(sse::PING))
}
