//! Routes of runs and their logs.

use axum::extract::State;
use pedigree_protocol::run::{LogSlice, Run};
use pedigree_protocol::run_detail::{RunDetail, RunReports};
use pedigree_protocol::study::Retried;
use pedigree_protocol::{ApiErrorBody, Attempt, RunId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Json, Path, Query};
use crate::{run, study};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// Byte offset to read from.
    #[serde(default)]
    offset: i64,
    /// Number of the attempt; the newest without one.
    attempt: Option<Attempt>,
}

/// Everything about one run.
#[utoipa::path(get, path = "/runs/{run}", tag = "runs", operation_id = "get_run",
    params(("run" = RunId, Path, description = "Id of the run")),
    responses((status = 200, body = RunDetail), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn get(State(app): State<App>, Path(run): Path<RunId>) -> ApiResult<Json<RunDetail>> {
    run::view::detail(&app.pool, run).await.map(Json)
}

/// The epoch reports of one attempt, by epoch.
#[utoipa::path(get, path = "/runs/{run}/attempts/{attempt}/reports", tag = "runs", operation_id = "get_reports",
    params(("run" = RunId, Path, description = "Id of the run"),
        ("attempt" = Attempt, Path, description = "Number of the attempt")),
    responses((status = 200, body = RunReports), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn reports(
    State(app): State<App>,
    Path((run, attempt)): Path<(RunId, Attempt)>,
) -> ApiResult<Json<RunReports>> {
    run::view::reports(&app.pool, run, attempt).await.map(Json)
}

/// A piece of an attempt's log, from a byte offset.
#[utoipa::path(get, path = "/runs/{run}/log", tag = "runs", operation_id = "get_log",
    params(("run" = RunId, Path, description = "Id of the run"), LogQuery),
    responses((status = 200, body = LogSlice), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn log(
    State(app): State<App>,
    Path(run): Path<RunId>,
    Query(query): Query<LogQuery>,
) -> ApiResult<Json<LogSlice>> {
    run::log::read(&app.pool, run, query.attempt, query.offset).await.map(Json)
}

/// Has a failed run tried again, with a fresh retry budget. A failed study opens again.
#[utoipa::path(post, path = "/runs/{run}/retry", tag = "runs", operation_id = "retry_run",
    params(("run" = RunId, Path, description = "Id of the run")),
    responses((status = 200, body = Retried), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn retry(State(app): State<App>, Path(run): Path<RunId>) -> ApiResult<Json<Retried>> {
    study::retry::run(&app.studies, run).await.map(Json)
}

/// Pauses a run: no worker gets it until it is resumed, and a worker that trains it hands it back.
#[utoipa::path(post, path = "/runs/{run}/pause", tag = "runs", operation_id = "pause_run",
    params(("run" = RunId, Path, description = "Id of the run")),
    responses((status = 200, body = Run), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn pause(State(app): State<App>, Path(run): Path<RunId>) -> ApiResult<Json<Run>> {
    run::control::set_paused(&app.pool, run, true).await.map(Json)
}

/// Lets a paused run go on.
#[utoipa::path(post, path = "/runs/{run}/resume", tag = "runs", operation_id = "resume_run",
    params(("run" = RunId, Path, description = "Id of the run")),
    responses((status = 200, body = Run), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn resume(State(app): State<App>, Path(run): Path<RunId>) -> ApiResult<Json<Run>> {
    run::control::set_paused(&app.pool, run, false).await.map(Json)
}

/// Cancels a run: at once if it waits, otherwise as soon as its worker hears of it.
#[utoipa::path(post, path = "/runs/{run}/cancel", tag = "runs", operation_id = "cancel_run",
    params(("run" = RunId, Path, description = "Id of the run")),
    responses((status = 200, body = Run), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn cancel(State(app): State<App>, Path(run): Path<RunId>) -> ApiResult<Json<Run>> {
    run::control::cancel(&app.studies, run).await.map(Json)
}
