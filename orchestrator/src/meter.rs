//! Metrics for operators, in Prometheus' text format.
//!
//! Owns names, units and help texts: `pedigree_` first, a base unit last, `_total` on counters, so that `promtool check
//! metrics` finds nothing wrong. Counters count in this process since its start. Gauges of the whole (waiting runs,
//! live leases) are read from the database at each scrape.

use std::sync::OnceLock;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::error::ApiResult;

/// Upper bounds of the buckets of every duration, seconds.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// How often samples are folded into their buckets, even when nobody scrapes.
const FOLD: Duration = Duration::from_secs(5);

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// The recorder of this process, installed at the first call.
pub(crate) fn handle() -> &'static PrometheusHandle {
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("duration_seconds".into()), &BUCKETS)
            .expect("there are buckets");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // If another recorder is installed already, it keeps the counts.
        let _ = metrics::set_global_recorder(recorder);
        describe();
        handle
    })
}

fn describe() {
    describe_counter!("pedigree_http_requests_total", "Requests answered, by method, route and status.");
    describe_histogram!(
        "pedigree_http_request_duration_seconds",
        Unit::Seconds,
        "Time from a request to its answer, long polls included."
    );
    describe_counter!("pedigree_leases_granted_total", "Leases granted to workers.");
    describe_counter!("pedigree_epoch_reports_stored_total", "Reports of epochs stored.");
    describe_counter!("pedigree_attempts_ended_total", "Attempts ended, by the state in which they ended.");
    describe_counter!("pedigree_runs_proposed_total", "Trials and final runs proposed.");
    describe_histogram!(
        "pedigree_suggestion_duration_seconds",
        Unit::Seconds,
        "Time in which a sampler suggested a trial."
    );
    describe_histogram!(
        "pedigree_flush_duration_seconds",
        Unit::Seconds,
        "Time of one flush of the database's log, which answers to writes wait for."
    );
    describe_counter!("pedigree_upkeep_passes_total", "Passes of upkeep, by result.");
    describe_gauge!("pedigree_studies_open", "Studies that have not ended.");
    describe_gauge!("pedigree_runs_waiting", "Runs of open studies and pretrainings that wait for a worker.");
    describe_gauge!("pedigree_leases_live", "Attempts that hold a lease.");
    describe_gauge!("pedigree_workers_alive", "Workers that were heard within twice the length of a lease.");
    describe_gauge!("pedigree_database_connections", "Connections to the database, by state.");
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Resident memory of this process.");
    describe_gauge!("pedigree_build_info", "Always 1; the version stands in a label.");
}

/// Keeps samples of durations from piling up when nobody scrapes.
pub(crate) async fn fold(stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(FOLD)).await.is_some() {
        handle().run_upkeep();
    }
}

/// Counts and times a request.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().as_str().to_owned();
    // The route's pattern, not the path: each id in a path would make a time series of its own.
    let route = request.extensions().get::<MatchedPath>().map_or("dashboard", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let status = response.status().as_str().to_owned();
    histogram!("pedigree_http_request_duration_seconds", "method" => method.clone(), "route" => route.clone())
        .record(began.elapsed());
    counter!("pedigree_http_requests_total", "method" => method, "route" => route, "status" => status)
        .increment(1);
    response
}

/// Everything in Prometheus' text format.
pub(crate) async fn render(State(app): State<App>) -> ApiResult<impl IntoResponse> {
    let handle = handle();
    look(&app).await?;
    let text = handle.render();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}

/// Reads the gauges of the whole.
async fn look(app: &App) -> ApiResult<()> {
    let select = sqlx::query!(
        r#"SELECT
             (SELECT count(*) FROM studies WHERE state IN ('searching', 'finishing')) AS "studies!",
             (SELECT count(*) FROM runs r JOIN queue q ON q.id = r.queue_id
                  WHERE r.state = 'waiting' AND q.open) AS "waiting!",
             (SELECT count(*) FROM attempts WHERE state IN ('leased', 'running')) AS "live!",
             (SELECT count(*) FROM workers w WHERE worker_is_alive(w)) AS "alive!""#
    );
    let now = select.fetch_one(&app.pool).await?;
    let idle = u32::try_from(app.pool.num_idle()).unwrap_or(u32::MAX);
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    let set = |name: &'static str, value: i64| gauge!(name).set(value as f64);
    set("pedigree_studies_open", now.studies);
    set("pedigree_runs_waiting", now.waiting);
    set("pedigree_leases_live", now.live);
    set("pedigree_workers_alive", now.alive);
    gauge!("pedigree_database_connections", "state" => "idle").set(idle);
    gauge!("pedigree_database_connections", "state" => "used").set(app.pool.size().saturating_sub(idle));
    gauge!("pedigree_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
    if let Some(bytes) = resident_bytes() {
        gauge!("process_resident_memory_bytes").set(bytes);
    }
    Ok(())
}

/// Resident memory as Linux reports it.
fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kib| kib * 1024.0)
}
