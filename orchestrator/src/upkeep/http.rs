//! Routes of upkeep.

use axum::extract::State;
use pedigree_protocol::ApiErrorBody;
use pedigree_protocol::upkeep::{Diagnosis, Removed, Retention};

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::upkeep;

/// Checks the coordinator and its database.
#[utoipa::path(get, path = "/diagnosis", tag = "upkeep", operation_id = "diagnose",
    responses((status = 200, body = Diagnosis), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn diagnose(State(app): State<App>) -> ApiResult<Json<Diagnosis>> {
    upkeep::diagnosis::of(&app.pool).await.map(Json)
}

/// Removes files and logs that ended studies no longer need. With `dry_run` it only counts them.
#[utoipa::path(post, path = "/retention", tag = "upkeep", operation_id = "make_room",
    request_body = Retention,
    responses((status = 200, body = Removed), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn make_room(
    State(app): State<App>,
    Json(wanted): Json<Retention>,
) -> ApiResult<Json<Removed>> {
    upkeep::retention::make_room(&app, &wanted).await.map(Json)
}
