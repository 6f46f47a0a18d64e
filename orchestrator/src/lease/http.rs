//! Routes by which workers take work, write about it, and open a test split.

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use pedigree_protocol::lease::{AttemptWrite, ClaimRequest, LeaseGrant, WriteReply};
use pedigree_protocol::{ApiErrorBody, Attempt, RunId};

use crate::access::caller::Caller;
use crate::access::ownership;
use crate::app::App;
use crate::durable::Flushed;
use crate::error::ApiResult;
use crate::extract::{Json, Path};
use crate::{lease, seal};

/// Asks for work on one device; null when there was none within the request's wait.
#[utoipa::path(post, path = "/leases", tag = "workers", operation_id = "claim",
    request_body = ClaimRequest,
    responses((status = 200, body = Option<LeaseGrant>), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn claim(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(request): Json<ClaimRequest>,
) -> ApiResult<Json<Option<LeaseGrant>>> {
    ownership::of_worker(&app.pool, &caller, request.worker_id).await?;
    lease::claim::wait_for_work(&app, &request).await.map(Json)
}

/// A worker's write about its attempt.
#[utoipa::path(post, path = "/runs/{run}/attempts/{attempt}", tag = "workers", operation_id = "write_attempt",
    params(("run" = RunId, Path, description = "Id of the run"),
        ("attempt" = Attempt, Path, description = "Number of the attempt")),
    request_body = AttemptWrite,
    responses((status = 200, body = WriteReply), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn write(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((run, attempt)): Path<(RunId, Attempt)>,
    Json(write): Json<AttemptWrite>,
) -> ApiResult<(Extension<Flushed>, Json<WriteReply>)> {
    ownership::of_attempt(&app.pool, &caller, run, attempt).await?;
    let reply = lease::write::apply(&app, run, attempt, &write).await?;
    Ok((Extension(Flushed), Json(reply)))
}

/// Opens the test split for a live attempt of a final run; the seal is written first.
#[utoipa::path(post, path = "/runs/{run}/attempts/{attempt}/test-split", tag = "workers", operation_id = "open_test",
    params(("run" = RunId, Path, description = "Id of the run"),
        ("attempt" = Attempt, Path, description = "Number of the attempt")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "default", body = ApiErrorBody)))]
pub(crate) async fn open_test(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((run, attempt)): Path<(RunId, Attempt)>,
) -> ApiResult<impl IntoResponse> {
    ownership::of_attempt(&app.pool, &caller, run, attempt).await?;
    let content = seal::open_test(&app, run, attempt).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], content))
}
