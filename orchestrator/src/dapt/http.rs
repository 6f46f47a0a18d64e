//! Routes of pretrainings. What is done to one that is there is done to its run.

use axum::Extension;
use axum::extract::State;
use pedigree_protocol::ApiErrorBody;
use pedigree_protocol::dapt::{Dapt, DaptSpec};

use crate::access::caller::Caller;
use crate::app::App;
use crate::dapt;
use crate::error::ApiResult;
use crate::extract::{Json, Path};

/// All pretrainings, newest first.
#[utoipa::path(get, path = "/dapt", tag = "backbones", operation_id = "list_dapt",
    responses((status = 200, body = Vec<Dapt>), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn list(State(app): State<App>) -> ApiResult<Json<Vec<Dapt>>> {
    dapt::view::list(&app.pool).await.map(Json)
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
