//! What every request can reach, and the router that puts the pieces together.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use object_store::local::LocalFileSystem;
use pedigree_protocol::access::Role;
use sqlx::PgPool;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tower_http::trace::TraceLayer;
use tracing::Span;
use tracing::field::Empty;

use crate::access::rate::Rate;
use crate::access::secret::Hash;
use crate::durable::Durability;
use crate::error::{ApiError, ApiResult};
use crate::events::Feed;
use crate::{access, dashboard, durable, health, leaving, meter, openapi};

/// What every request can reach. Holds nothing that a restart could lose.
#[derive(Debug, Clone)]
pub(crate) struct App {
    /// The database. Its transactions do not wait for the disk: see [`durable`].
    pub(crate) pool: PgPool,
    /// What the answer to a write waits for.
    pub(crate) durable: Durability,
    /// Contents by hash.
    pub(crate) store: Arc<LocalFileSystem>,
    /// How long a lease lasts unless renewed.
    pub(crate) lease_ttl: Duration,
    /// Hash of the coordinator's own token, which may do everything.
    pub(crate) token: Option<Hash>,
    /// What a caller without any credentials may do.
    pub(crate) anonymous: Option<Role>,
    /// How often each caller may ask.
    pub(crate) rate: Arc<Rate>,
    /// Whether browsers reach this coordinator by `https` alone.
    pub(crate) encrypted: bool,
    /// The largest artifact that is accepted, bytes.
    pub(crate) largest_artifact: u64,
    /// The dashboard.
    pub(crate) dashboard: dashboard::Source,
    /// Claims and writes of workers at a time: fewer than there are connections. A whole fleet that comes at once waits
    /// here in its order, instead of running into the pool's time-out.
    pub(crate) admission: Arc<Semaphore>,
    /// Changes and wake-ups that the database notified.
    pub(crate) feed: Feed,
    /// Cancelled when the coordinator stops: whoever holds a request open lets go.
    pub(crate) shutdown: CancellationToken,
}

impl App {
    /// Waits until a worker's request may use the database; until the answer is dropped.
    pub(crate) async fn admit(&self) -> ApiResult<SemaphorePermit<'_>> {
        self.admission.acquire().await.map_err(|closed| ApiError::Broken(closed.to_string()))
    }

    /// The length of a lease in whole milliseconds.
    pub(crate) fn lease_ttl_ms(&self) -> u32 {
        u32::try_from(self.lease_ttl.as_millis()).unwrap_or(u32::MAX)
    }
}

/// All routes.
pub(crate) fn router(app: App) -> Router {
    let (api, document) = openapi::routes().split_for_parts();
    let document = Arc::new(document);
    api.route("/api/v1/openapi.json", get(async move || axum::Json(document.clone())))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(meter::render))
        .route("/login", get(access::http::login))
        .fallback(dashboard::serve)
        .layer(from_fn_with_state(app.clone(), durable::before_answer))
        .layer(from_fn_with_state(app.clone(), access::gate::check))
        .layer(from_fn_with_state(app.clone(), leaving::let_go))
        // Failures are logged where they are known by name: in `error`.
        // The path alone: a query may hold a login code.
        .layer(from_fn(meter::observe))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_response(answered).on_failure(()))
        .with_state(app)
}

fn span(request: &Request) -> Span {
    tracing::debug_span!("request", method = %request.method(), path = request.uri().path(), status = Empty)
}

fn answered(response: &Response, latency: Duration, span: &Span) {
    span.record("status", response.status().as_u16());
    tracing::debug!(latency_ms = latency.as_millis(), "answered");
}
