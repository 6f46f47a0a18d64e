//! Routes of datasets.

use axum::extract::State;
use pedigree_protocol::ApiErrorBody;
use pedigree_protocol::dataset::{Dataset, DatasetSpec};
use pedigree_protocol::page::{Page, PageQuery};

use crate::app::App;
use crate::dataset::sql;
use crate::error::ApiResult;
use crate::extract::{Json, Path, Query};

/// A page of the datasets, by name.
#[utoipa::path(get, path = "/datasets", tag = "datasets", operation_id = "list_datasets", params(PageQuery),
    responses((status = 200, body = Page<Dataset>), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<Dataset>>> {
    sql::list(&app.pool, &page).await.map(Json)
}

/// One dataset.
#[utoipa::path(get, path = "/datasets/{name}", tag = "datasets", operation_id = "get_dataset",
    params(("name" = String, Path, description = "Name of the dataset")),
    responses((status = 200, body = Dataset), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn get(State(app): State<App>, Path(name): Path<String>) -> ApiResult<Json<Dataset>> {
    sql::get(&app.pool, &name).await.map(Json)
}

/// Registers a dataset whose splits have been uploaded.
#[utoipa::path(post, path = "/datasets", tag = "datasets", operation_id = "add_dataset",
    request_body = DatasetSpec,
    responses((status = 200, body = Dataset), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn add(State(app): State<App>, Json(spec): Json<DatasetSpec>) -> ApiResult<Json<Dataset>> {
    sql::add(&app.pool, spec).await.map(Json)
}
