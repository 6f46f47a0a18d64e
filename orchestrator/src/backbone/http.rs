//! Routes of backbones.

use axum::extract::State;
use pedigree_protocol::ApiErrorBody;
use pedigree_protocol::backbone::{Backbone, BackboneSpec};
use pedigree_protocol::page::{Page, PageQuery};

use crate::app::App;
use crate::backbone::sql;
use crate::error::ApiResult;
use crate::extract::{Json, Path, Query};

/// A page of the backbones, by name.
#[utoipa::path(get, path = "/backbones", tag = "backbones", operation_id = "list_backbones", params(PageQuery),
    responses((status = 200, body = Page<Backbone>), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<Backbone>>> {
    sql::list(&app.pool, &page).await.map(Json)
}

/// One backbone.
#[utoipa::path(get, path = "/backbones/{name}", tag = "backbones", operation_id = "get_backbone",
    params(("name" = String, Path, description = "Name of the backbone")),
    responses((status = 200, body = Backbone), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn get(State(app): State<App>, Path(name): Path<String>) -> ApiResult<Json<Backbone>> {
    sql::get(&app.pool, &name).await.map(Json)
}

/// Registers a backbone whose files have been uploaded.
#[utoipa::path(post, path = "/backbones", tag = "backbones", operation_id = "add_backbone",
    request_body = BackboneSpec,
    responses((status = 200, body = Backbone), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn add(State(app): State<App>, Json(spec): Json<BackboneSpec>) -> ApiResult<Json<Backbone>> {
    sql::add(&app.pool, spec).await.map(Json)
}
