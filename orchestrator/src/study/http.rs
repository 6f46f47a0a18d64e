//! Routes of studies.

use axum::extract::State;
use pedigree_protocol::ApiErrorBody;
use pedigree_protocol::run::Run;
use pedigree_protocol::study::{Study, StudySpec};

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Json, Path};
use crate::{run, study};

/// All studies, newest first.
#[utoipa::path(get, path = "/studies", tag = "studies", operation_id = "list_studies",
    responses((status = 200, body = Vec<Study>), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn list(State(app): State<App>) -> ApiResult<Json<Vec<Study>>> {
    study::view::list(&app.pool).await.map(Json)
}

/// One study, by id or name.
#[utoipa::path(get, path = "/studies/{study}", tag = "studies", operation_id = "get_study",
    params(("study" = String, Path, description = "Id or name of the study")),
    responses((status = 200, body = Study), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn get(State(app): State<App>, Path(study): Path<String>) -> ApiResult<Json<Study>> {
    study::view::get(&app.pool, &study).await.map(Json)
}

/// Creates a study and proposes its first trials.
#[utoipa::path(post, path = "/studies", tag = "studies", operation_id = "create_study",
    request_body = StudySpec,
    responses((status = 200, body = Study), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn create(State(app): State<App>, Json(spec): Json<StudySpec>) -> ApiResult<Json<Study>> {
    study::create(&app.pool, spec).await.map(Json)
}

/// Cancels a study: waiting runs end at once, live ones as soon as their workers hear of it.
#[utoipa::path(post, path = "/studies/{study}/cancel", tag = "studies", operation_id = "cancel_study",
    params(("study" = String, Path, description = "Id or name of the study")),
    responses((status = 200, body = Study), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn cancel(State(app): State<App>, Path(study): Path<String>) -> ApiResult<Json<Study>> {
    study::cancel(&app.pool, &study).await.map(Json)
}

/// The runs of a study: trials by number, then the final run.
#[utoipa::path(get, path = "/studies/{study}/runs", tag = "studies", operation_id = "list_runs",
    params(("study" = String, Path, description = "Id or name of the study")),
    responses((status = 200, body = Vec<Run>), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn runs(State(app): State<App>, Path(study): Path<String>) -> ApiResult<Json<Vec<Run>>> {
    let study = study::view::get(&app.pool, &study).await?;
    run::view::of_study(&app.pool, study.id).await.map(Json)
}
