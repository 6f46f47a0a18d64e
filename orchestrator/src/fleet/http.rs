//! Routes of workers.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use pedigree_protocol::fleet::{Hello, Welcome, Worker, WorkerFilter};
use pedigree_protocol::gpu::GpuReadings;
use pedigree_protocol::page::{Page, PageQuery};
use pedigree_protocol::resources::{Hold, Pause};
use pedigree_protocol::{ApiErrorBody, WorkerId};

use crate::access::caller::Caller;
use crate::access::{ownership, token};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Json, Path, Query};
use crate::fleet::{quarantine, readings, release, sql};

/// A page of the workers, newest first.
#[utoipa::path(get, path = "/workers", tag = "workers", operation_id = "list_workers",
    params(WorkerFilter, PageQuery),
    responses((status = 200, body = Page<Worker>), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    Query(filter): Query<WorkerFilter>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<Worker>>> {
    sql::list(&app.pool, &page, filter).await.map(Json)
}

/// A worker introduces itself.
#[utoipa::path(post, path = "/workers", tag = "workers", operation_id = "hello",
    request_body = Hello,
    responses((status = 200, body = Welcome), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn hello(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(hello): Json<Hello>,
) -> ApiResult<Json<Welcome>> {
    release::check(&hello.version)?;
    ownership::of_worker(&app.pool, &caller, hello.worker_id).await?;
    sql::hello(&app.pool, &hello, caller.token(), app.lease_ttl).await?;
    let token_expires_in_s = match caller.token() {
        Some(id) => token::seconds_left(&app.pool, id).await?,
        None => None,
    };
    Ok(Json(Welcome { lease_ttl_ms: app.lease_ttl_ms(), token_expires_in_s }))
}

/// A worker reports readings of its GPUs.
#[utoipa::path(post, path = "/workers/readings", tag = "workers", operation_id = "tell_readings",
    request_body = GpuReadings,
    responses((status = 204), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn tell_readings(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(told): Json<GpuReadings>,
) -> ApiResult<StatusCode> {
    ownership::of_worker(&app.pool, &caller, told.worker_id).await?;
    readings::record(&app.pool, &told).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a device's quarantine. The answer holds the workers that offer the device.
#[utoipa::path(post, path = "/devices/{device}/release", tag = "workers", operation_id = "release_device",
    params(("device" = String, Path, description = "UUID of the device")),
    responses((status = 200, body = Vec<Worker>), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn release(
    State(app): State<App>,
    Path(device): Path<String>,
) -> ApiResult<Json<Vec<Worker>>> {
    quarantine::release(&app.pool, &device).await?;
    sql::offering(&app.pool, &device).await.map(Json)
}

/// Drains a worker. It gets no new work until it is resumed, also after a restart.
#[utoipa::path(post, path = "/workers/{worker}/drain", tag = "workers", operation_id = "drain_worker",
    params(("worker" = WorkerId, Path, description = "Id of the worker")),
    request_body = Pause,
    responses((status = 200, body = Worker), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn drain(
    State(app): State<App>,
    Path(worker): Path<WorkerId>,
    Json(pause): Json<Pause>,
) -> ApiResult<Json<Worker>> {
    sql::set_hold(&app.pool, worker, pause.hold()).await.map(Json)
}

/// Ends a worker's drain.
#[utoipa::path(post, path = "/workers/{worker}/resume", tag = "workers", operation_id = "resume_worker",
    params(("worker" = WorkerId, Path, description = "Id of the worker")),
    responses((status = 200, body = Worker), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn resume(State(app): State<App>, Path(worker): Path<WorkerId>) -> ApiResult<Json<Worker>> {
    sql::set_hold(&app.pool, worker, Hold::None).await.map(Json)
}
