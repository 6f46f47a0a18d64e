//! Routes of artifacts.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use pedigree_protocol::ApiErrorBody;
use pedigree_protocol::artifact::Sha256;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::artifact;
use crate::error::ApiResult;
use crate::extract::{Path, Query};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Upload {
    /// The content is a test split: from now on only a test run can read it.
    #[serde(default)]
    sealed: bool,
}

/// The content of an artifact. Sealed content is refused.
#[utoipa::path(get, path = "/artifacts/{sha256}", tag = "artifacts", operation_id = "get_artifact",
    params(("sha256" = Sha256, Path, description = "Hash of the content")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "default", body = ApiErrorBody)))]
pub(crate) async fn get(State(app): State<App>, Path(sha256): Path<Sha256>) -> ApiResult<Response> {
    artifact::serve(&app, &sha256).await
}

/// Uploads content. It becomes visible once its hash was checked.
#[utoipa::path(put, path = "/artifacts/{sha256}", tag = "artifacts", operation_id = "put_artifact",
    params(("sha256" = Sha256, Path, description = "Hash of the content"), Upload),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn put(
    State(app): State<App>,
    Path(sha256): Path<Sha256>,
    Query(upload): Query<Upload>,
    body: Body,
) -> ApiResult<StatusCode> {
    artifact::receive(&app, &sha256, upload.sealed, body.into_data_stream()).await?;
    Ok(StatusCode::NO_CONTENT)
}
