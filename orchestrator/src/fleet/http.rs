//! Routes of workers.

use axum::Extension;
use axum::extract::State;
use pedigree_protocol::ApiErrorBody;
use pedigree_protocol::fleet::{Hello, Welcome, Worker};

use crate::access::caller::Caller;
use crate::access::ownership;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::fleet::sql;

/// All workers, newest first.
#[utoipa::path(get, path = "/workers", tag = "workers", operation_id = "list_workers",
    responses((status = 200, body = Vec<Worker>), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn list(State(app): State<App>) -> ApiResult<Json<Vec<Worker>>> {
    sql::list(&app.pool, app.lease_ttl).await.map(Json)
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
    ownership::of_worker(&app.pool, &caller, hello.worker_id).await?;
    sql::hello(&app.pool, &hello, caller.token()).await?;
    Ok(Json(Welcome { lease_ttl_ms: app.lease_ttl_ms() }))
}
