//! Routes of pretrainings. A pretraining is cancelled, and its log read, through its run.

use axum::Extension;
use axum::extract::State;
use pedigree_protocol::ApiErrorBody;
use pedigree_protocol::backbone::{AdaptedName, Backbone};
use pedigree_protocol::dapt::{Dapt, DaptSpec};
use pedigree_protocol::page::{Page, PageQuery};
use pedigree_protocol::queue::Priority;
use pedigree_protocol::resources::{Hold, Pause};

use crate::access::caller::Caller;
use crate::app::App;
use crate::dapt;
use crate::error::ApiResult;
use crate::extract::{Json, Path, Query};

/// A page of the pretrainings, newest first.
#[utoipa::path(get, path = "/dapt", tag = "backbones", operation_id = "list_dapt", params(PageQuery),
    responses((status = 200, body = Page<Dapt>), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<Dapt>>> {
    dapt::view::list(&app.pool, &page).await.map(Json)
}

/// One pretraining.
#[utoipa::path(get, path = "/dapt/{name}", tag = "backbones", operation_id = "get_dapt",
    params(("name" = String, Path, description = "Name of the pretraining")),
    responses((status = 200, body = Dapt), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn get(State(app): State<App>, Path(name): Path<String>) -> ApiResult<Json<Dapt>> {
    dapt::view::get(&app.pool, &name).await.map(Json)
}

/// Queues a pretraining whose texts have been uploaded.
#[utoipa::path(post, path = "/dapt", tag = "backbones", operation_id = "create_dapt",
    request_body = DaptSpec,
    responses((status = 200, body = Dapt), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(spec): Json<DaptSpec>,
) -> ApiResult<Json<Dapt>> {
    dapt::create::create(&app.pool, spec, caller.token()).await.map(Json)
}

/// Pauses a pretraining: its run is not given out until it is resumed.
#[utoipa::path(post, path = "/dapt/{name}/pause", tag = "backbones", operation_id = "pause_dapt",
    params(("name" = String, Path, description = "Name of the pretraining")),
    request_body = Pause,
    responses((status = 200, body = Dapt), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn pause(
    State(app): State<App>,
    Path(name): Path<String>,
    Json(pause): Json<Pause>,
) -> ApiResult<Json<Dapt>> {
    dapt::control::set_hold(&app.pool, &name, pause.hold()).await.map(Json)
}

/// Lets a paused pretraining go on.
#[utoipa::path(post, path = "/dapt/{name}/resume", tag = "backbones", operation_id = "resume_dapt",
    params(("name" = String, Path, description = "Name of the pretraining")),
    responses((status = 200, body = Dapt), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn resume(State(app): State<App>, Path(name): Path<String>) -> ApiResult<Json<Dapt>> {
    dapt::control::set_hold(&app.pool, &name, Hold::None).await.map(Json)
}

/// Gives a pretraining another priority.
#[utoipa::path(post, path = "/dapt/{name}/priority", tag = "backbones", operation_id = "prioritise_dapt",
    params(("name" = String, Path, description = "Name of the pretraining")),
    request_body = Priority,
    responses((status = 200, body = Dapt), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn prioritise(
    State(app): State<App>,
    Path(name): Path<String>,
    Json(wanted): Json<Priority>,
) -> ApiResult<Json<Dapt>> {
    dapt::control::prioritise(&app.pool, &name, wanted.priority).await.map(Json)
}

/// Registers the backbone that a completed pretraining has left: its base with the adapter.
#[utoipa::path(post, path = "/dapt/{name}/backbone", tag = "backbones", operation_id = "register_adapted",
    params(("name" = String, Path, description = "Name of the pretraining")),
    request_body = AdaptedName,
    responses((status = 200, body = Backbone), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn register(
    State(app): State<App>,
    Path(name): Path<String>,
    Json(wanted): Json<AdaptedName>,
) -> ApiResult<Json<Backbone>> {
    dapt::end::register(&app.pool, &name, &wanted.name).await.map(Json)
}
