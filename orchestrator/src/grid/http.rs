//! Routes of grids.

use axum::Extension;
use axum::extract::State;
use pedigree_protocol::ApiErrorBody;
use pedigree_protocol::grid::{Grid, GridFilter, GridSpec, GridSummary};
use pedigree_protocol::page::{Page, PageQuery};
use pedigree_protocol::queue::Priority;
use pedigree_protocol::resources::{Hold, Pause};

use crate::access::caller::Caller;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Json, Path, Query};
use crate::grid::{control, create, view};

/// A page of the grids, newest first.
#[utoipa::path(get, path = "/grids", tag = "grids", operation_id = "list_grids",
    params(GridFilter, PageQuery),
    responses((status = 200, body = Page<GridSummary>), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    Query(filter): Query<GridFilter>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<GridSummary>>> {
    view::list(&app.pool, &page, &filter).await.map(Json)
}

/// One grid with its cells, by id or name.
#[utoipa::path(get, path = "/grids/{grid}", tag = "grids", operation_id = "get_grid",
    params(("grid" = String, Path, description = "Id or name of the grid")),
    responses((status = 200, body = Grid), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn get(State(app): State<App>, Path(grid): Path<String>) -> ApiResult<Json<Grid>> {
    view::get(&app.pool, &grid).await.map(Json)
}

/// Creates a grid and begins its cells. The same specification under the same name continues the one that is there.
#[utoipa::path(post, path = "/grids", tag = "grids", operation_id = "create_grid",
    request_body = GridSpec,
    responses((status = 200, body = Grid), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(spec): Json<GridSpec>,
) -> ApiResult<Json<Grid>> {
    create::create(&app.studies, spec, caller.token()).await.map(Json)
}

/// Cancels a grid with everything of it that has not ended.
#[utoipa::path(post, path = "/grids/{grid}/cancel", tag = "grids", operation_id = "cancel_grid",
    params(("grid" = String, Path, description = "Id or name of the grid")),
    responses((status = 200, body = Grid), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn cancel(State(app): State<App>, Path(grid): Path<String>) -> ApiResult<Json<Grid>> {
    control::cancel(&app.studies, &grid).await.map(Json)
}

/// Pauses a grid: nothing new of it begins until it is resumed.
#[utoipa::path(post, path = "/grids/{grid}/pause", tag = "grids", operation_id = "pause_grid",
    params(("grid" = String, Path, description = "Id or name of the grid")),
    request_body = Pause,
    responses((status = 200, body = Grid), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn pause(
    State(app): State<App>,
    Path(grid): Path<String>,
    Json(pause): Json<Pause>,
) -> ApiResult<Json<Grid>> {
    control::set_hold(&app.studies, &grid, pause.hold()).await.map(Json)
}

/// Lets a paused grid go on.
#[utoipa::path(post, path = "/grids/{grid}/resume", tag = "grids", operation_id = "resume_grid",
    params(("grid" = String, Path, description = "Id or name of the grid")),
    responses((status = 200, body = Grid), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn resume(State(app): State<App>, Path(grid): Path<String>) -> ApiResult<Json<Grid>> {
    control::set_hold(&app.studies, &grid, Hold::None).await.map(Json)
}

/// Gives a grid, and all that it has in the queue, another priority.
#[utoipa::path(post, path = "/grids/{grid}/priority", tag = "grids", operation_id = "prioritise_grid",
    params(("grid" = String, Path, description = "Id or name of the grid")),
    request_body = Priority,
    responses((status = 200, body = Grid), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn prioritise(
    State(app): State<App>,
    Path(grid): Path<String>,
    Json(wanted): Json<Priority>,
) -> ApiResult<Json<Grid>> {
    control::prioritise(&app.studies, &grid, wanted.priority).await.map(Json)
}
