//! The dashboard's files: embedded in the binary, or read from a folder. Without them, a page says how to build them.
//!
//! Owns caching and the content security policy. Must not know what the dashboard shows.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::error::ApiError;

/// Built by `npm run build`; absent until then, which is no error.
#[derive(Debug, RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../dashboards/dist"]
#[allow_missing = true]
struct Embedded;

const POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self'; object-src 'none'; \
                      base-uri 'none'; frame-ancestors 'none'";
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Pedigree</title>\
    <h1>The dashboard is not built</h1><p>The coordinator runs. Its dashboard was not there when it was built; run</p>\
    <pre>npm --prefix dashboards ci &amp;&amp; npm --prefix dashboards run build &amp;&amp; cargo build</pre>\
    <p>or give a built one with <code>--ui-dir</code>. The API is described at \
    <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.</p></html>";

/// Where the files come from.
#[derive(Debug, Clone)]
pub(crate) struct Source(Option<Arc<Path>>);

impl Source {
    /// A folder in place of the embedded files.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self(folder.map(Arc::from))
    }

    async fn read(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        let Some(folder) = &self.0 else { return Embedded::get(path).map(|file| file.data) };
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            return None;
        }
        tokio::fs::read(folder.join(path)).await.ok().map(Cow::Owned)
    }
}

/// Answers every request that no route answers.
pub(crate) async fn serve(State(source): State<Source>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if path == "api" || path.starts_with("api/") || !reads {
        let message = format!("there is no {} {}", request.method(), request.uri().path());
        return ApiError::not_found(message).into_response();
    }
    match source.read(path).await.filter(|_| !path.is_empty()) {
        Some(content) => file(path, content),
        None if accepts_html(request.headers()) => page(&source).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The one page of the dashboard. Its router reads the path in the browser.
async fn page(source: &Source) -> Response {
    match source.read("index.html").await {
        Some(content) => file("index.html", content),
        None => file("index.html", Cow::Borrowed(NOT_BUILT.as_bytes())),
    }
}

fn file(path: &str, content: Cow<'static, [u8]>) -> Response {
    // The name of a file below assets/ holds a hash of its content.
    let hashed = path.starts_with("assets/");
    let cache = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let kind = if kind.type_() == "text" { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    let headers = [
        (header::CONTENT_TYPE, kind.as_str()),
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, content.into_owned()).into_response()
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("text/html"))
}
