//! The whole HTTP service: every route, and what each request passes on its way.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;
use tracing::field::Empty;

use crate::access::gate::{self, Gate};
use crate::access::http::login;
use crate::access::need::{Access, READ};
use crate::access::recognise::Credentials;
use crate::app::App;
use crate::error::ApiError;
use crate::routes::Routes;
use crate::wall::{Panicked, Place};
use crate::{dashboard, durable, health, leaving, meter, openapi};

/// The service.
pub(crate) fn router(app: App) -> Router {
    let routes = all();
    let gate = Gate {
        access: Arc::new(routes.access),
        credentials: Credentials { pool: app.pool.clone(), own: app.token, anonymous: app.anonymous },
        rate: app.rate.clone(),
    };
    Router::from(routes.router)
        .fallback(dashboard::serve)
        .layer(from_fn_with_state(app.durable.clone(), durable::before_answer))
        .layer(from_fn_with_state(gate, gate::check))
        .layer(from_fn_with_state(app.shutdown.clone(), leaving::let_go))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(meter::observe))
        // Failures are logged where their cause is known: in `error`.
        .layer(TraceLayer::new_for_http().make_span_with(span).on_response(answered).on_failure(()))
        .with_state(app)
}

/// Every route.
fn all() -> Routes {
    let api = openapi::routes();
    let document = Arc::new(api.router.get_openapi().clone());
    api.get("/api/v1/openapi.json", Access::Open, async move || axum::Json(document.clone()))
        .get("/healthz", Access::Open, health::live)
        .get("/readyz", Access::Open, health::ready)
        .get("/metrics", READ, meter::render)
        .get("/login", Access::Open, login)
}

/// The answer of a handler that panicked. Its connection goes on.
fn panicked(payload: Box<dyn Any + Send>) -> Response {
    ApiError::from(Panicked::caught(Place::Request, &*payload)).into_response()
}

/// Names the path only: a query may hold a login code.
fn span(request: &Request) -> Span {
    tracing::debug_span!("request", method = %request.method(), path = request.uri().path(), status = Empty)
}

fn answered(response: &Response, latency: Duration, span: &Span) {
    span.record("status", response.status().as_u16());
    tracing::debug!(latency_ms = latency.as_millis(), "answered");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_with_who_may_call_it() {
        insta::assert_snapshot!(all().access.lines().join("\n"), @r"
        read       GET    /api/v1/artifacts/{sha256}
        upload     PUT    /api/v1/artifacts/{sha256}
        read       GET    /api/v1/backbones
        operate    POST   /api/v1/backbones
        read       GET    /api/v1/backbones/{name}
        read       GET    /api/v1/dapt
        operate    POST   /api/v1/dapt
        read       GET    /api/v1/dapt/{name}
        operate    POST   /api/v1/dapt/{name}/backbone
        operate    POST   /api/v1/dapt/{name}/pause
        operate    POST   /api/v1/dapt/{name}/priority
        operate    POST   /api/v1/dapt/{name}/resume
        read       GET    /api/v1/datasets
        operate    POST   /api/v1/datasets
        read       GET    /api/v1/datasets/{name}
        operate    POST   /api/v1/devices/{device}/release
        read       GET    /api/v1/diagnosis
        read       GET    /api/v1/events
        read       GET    /api/v1/grids
        operate    POST   /api/v1/grids
        read       GET    /api/v1/grids/{grid}
        operate    POST   /api/v1/grids/{grid}/cancel
        operate    POST   /api/v1/grids/{grid}/pause
        operate    POST   /api/v1/grids/{grid}/priority
        operate    POST   /api/v1/grids/{grid}/resume
        work       POST   /api/v1/leases
        read       POST   /api/v1/login-links
        open       GET    /api/v1/openapi.json
        administer POST   /api/v1/retention
        read       GET    /api/v1/runs/{run}
        work       POST   /api/v1/runs/{run}/attempts/{attempt}
        read       GET    /api/v1/runs/{run}/attempts/{attempt}/checkpoint
        work       PUT    /api/v1/runs/{run}/attempts/{attempt}/checkpoint
        read       GET    /api/v1/runs/{run}/attempts/{attempt}/reports
        work       POST   /api/v1/runs/{run}/attempts/{attempt}/test-split
        operate    POST   /api/v1/runs/{run}/cancel
        read       GET    /api/v1/runs/{run}/log
        operate    POST   /api/v1/runs/{run}/pause
        operate    POST   /api/v1/runs/{run}/resume
        operate    POST   /api/v1/runs/{run}/retry
        read       GET    /api/v1/session
        open       DELETE /api/v1/session
        read       GET    /api/v1/studies
        operate    POST   /api/v1/studies
        read       GET    /api/v1/studies/{study}
        operate    POST   /api/v1/studies/{study}/cancel
        read       GET    /api/v1/studies/{study}/insight
        operate    POST   /api/v1/studies/{study}/pause
        operate    POST   /api/v1/studies/{study}/priority
        read       GET    /api/v1/studies/{study}/replay
        operate    POST   /api/v1/studies/{study}/resume
        operate    POST   /api/v1/studies/{study}/retry
        read       GET    /api/v1/studies/{study}/runs
        operate    POST   /api/v1/studies/{study}/trials
        administer GET    /api/v1/tokens
        administer POST   /api/v1/tokens
        administer DELETE /api/v1/tokens/{token}
        read       GET    /api/v1/workers
        work       POST   /api/v1/workers
        work       POST   /api/v1/workers/readings
        operate    POST   /api/v1/workers/{worker}/drain
        operate    POST   /api/v1/workers/{worker}/resume
        open       GET    /healthz
        open       GET    /login
        read       GET    /metrics
        open       GET    /readyz
        ");
    }
}
