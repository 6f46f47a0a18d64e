//! Routes by which attempts store and fetch the progress of their run.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use pedigree_protocol::lease::WriteReply;
use pedigree_protocol::{ApiErrorBody, Attempt, RunId};

use crate::access::caller::Caller;
use crate::access::ownership;
use crate::app::App;
use crate::checkpoint;
use crate::error::ApiResult;
use crate::extract::{Json, Path};

/// Stores the progress of a live attempt, in place of the run's earlier checkpoint.
#[utoipa::path(put, path = "/runs/{run}/attempts/{attempt}/checkpoint", tag = "workers",
    operation_id = "put_checkpoint",
    params(("run" = RunId, Path, description = "Id of the run"),
        ("attempt" = Attempt, Path, description = "Number of the attempt")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = WriteReply), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn put(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((run, attempt)): Path<(RunId, Attempt)>,
    body: Body,
) -> ApiResult<Json<WriteReply>> {
    ownership::of_attempt(&app.pool, &caller, run, attempt).await?;
    checkpoint::receive(&app, run, attempt, body.into_data_stream()).await.map(Json)
}

/// The progress that an earlier attempt stored. Only a live attempt may read it.
#[utoipa::path(get, path = "/runs/{run}/attempts/{attempt}/checkpoint", tag = "workers",
    operation_id = "get_checkpoint",
    params(("run" = RunId, Path, description = "Id of the run"),
        ("attempt" = Attempt, Path, description = "Number of the attempt")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "default", body = ApiErrorBody)))]
pub(crate) async fn get(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((run, attempt)): Path<(RunId, Attempt)>,
) -> ApiResult<impl IntoResponse> {
    ownership::of_attempt(&app.pool, &caller, run, attempt).await?;
    let content = checkpoint::fetch(&app, run, attempt).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], content))
}
