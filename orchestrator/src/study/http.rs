//! Routes of studies.

use axum::Extension;
use axum::extract::State;
use pedigree_protocol::ApiErrorBody;
use pedigree_protocol::insight::StudyInsight;
use pedigree_protocol::page::{Page, PageQuery};
use pedigree_protocol::queue::Priority;
use pedigree_protocol::replay::StudyReplay;
use pedigree_protocol::resources::{Hold, Pause};
use pedigree_protocol::run::{RunFilter, RunPage};
use pedigree_protocol::study::{Enqueue, Enqueued, Retried, RetryFailed, Study, StudyFilter, StudySpec};

use crate::access::caller::Caller;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Json, Path, Query};
use crate::{run, study};

/// A page of the studies, newest first.
#[utoipa::path(get, path = "/studies", tag = "studies", operation_id = "list_studies",
    params(StudyFilter, PageQuery),
    responses((status = 200, body = Page<Study>), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    Query(filter): Query<StudyFilter>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<Study>>> {
    study::view::list(&app.pool, &page, &filter).await.map(Json)
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
pub(crate) async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(spec): Json<StudySpec>,
) -> ApiResult<Json<Study>> {
    study::create(&app.studies, spec, caller.token()).await.map(Json)
}

/// Cancels a study: waiting runs end at once, live ones as soon as their workers hear of it.
#[utoipa::path(post, path = "/studies/{study}/cancel", tag = "studies", operation_id = "cancel_study",
    params(("study" = String, Path, description = "Id or name of the study")),
    responses((status = 200, body = Study), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn cancel(State(app): State<App>, Path(study): Path<String>) -> ApiResult<Json<Study>> {
    study::cancel(&app.studies, &study).await.map(Json)
}

/// Pauses a study: nothing new begins until it is resumed.
#[utoipa::path(post, path = "/studies/{study}/pause", tag = "studies", operation_id = "pause_study",
    params(("study" = String, Path, description = "Id or name of the study")),
    request_body = Pause,
    responses((status = 200, body = Study), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn pause(
    State(app): State<App>,
    Path(study): Path<String>,
    Json(pause): Json<Pause>,
) -> ApiResult<Json<Study>> {
    study::control::set_hold(&app.studies, &study, pause.hold()).await.map(Json)
}

/// Lets a paused study go on.
#[utoipa::path(post, path = "/studies/{study}/resume", tag = "studies", operation_id = "resume_study",
    params(("study" = String, Path, description = "Id or name of the study")),
    responses((status = 200, body = Study), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn resume(State(app): State<App>, Path(study): Path<String>) -> ApiResult<Json<Study>> {
    study::control::set_hold(&app.studies, &study, Hold::None).await.map(Json)
}

/// Gives a study another priority.
#[utoipa::path(post, path = "/studies/{study}/priority", tag = "studies", operation_id = "prioritise_study",
    params(("study" = String, Path, description = "Id or name of the study")),
    request_body = Priority,
    responses((status = 200, body = Study), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn prioritise(
    State(app): State<App>,
    Path(study): Path<String>,
    Json(wanted): Json<Priority>,
) -> ApiResult<Json<Study>> {
    study::control::prioritise(&app.studies, &study, wanted.priority).await.map(Json)
}

/// Has a study's failed runs tried again, with fresh retry budgets. A failed study opens again.
#[utoipa::path(post, path = "/studies/{study}/retry", tag = "studies", operation_id = "retry_failed",
    params(("study" = String, Path, description = "Id or name of the study")),
    request_body = RetryFailed,
    responses((status = 200, body = Retried), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn retry(
    State(app): State<App>,
    Path(study): Path<String>,
    Json(which): Json<RetryFailed>,
) -> ApiResult<Json<Retried>> {
    study::retry::failed(&app.studies, &study, &which).await.map(Json)
}

/// Enqueues a configuration: the study tries it before any suggestion, and it counts as one of its trials.
#[utoipa::path(post, path = "/studies/{study}/trials", tag = "studies", operation_id = "enqueue_trial",
    params(("study" = String, Path, description = "Id or name of the study")),
    request_body = Enqueue,
    responses((status = 200, body = Enqueued), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn enqueue(
    State(app): State<App>,
    Path(study): Path<String>,
    Json(wanted): Json<Enqueue>,
) -> ApiResult<Json<Enqueued>> {
    study::enqueue(&app.studies, &study, &wanted).await.map(Json)
}

/// Computes every suggestion of a study again from its record, and says which differ.
#[utoipa::path(get, path = "/studies/{study}/replay", tag = "studies", operation_id = "replay_study",
    params(("study" = String, Path, description = "Id or name of the study")),
    responses((status = 200, body = StudyReplay), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn replay(
    State(app): State<App>,
    Path(study): Path<String>,
) -> ApiResult<Json<StudyReplay>> {
    study::replay::of_study(&app.pool, &study).await.map(Json)
}

/// Which samplers proposed the trials, which studies were donors, which parameters mattered, and which ranges may be too narrow.
#[utoipa::path(get, path = "/studies/{study}/insight", tag = "studies", operation_id = "get_insight",
    params(("study" = String, Path, description = "Id or name of the study")),
    responses((status = 200, body = StudyInsight), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn insight(
    State(app): State<App>,
    Path(study): Path<String>,
) -> ApiResult<Json<StudyInsight>> {
    study::insight::of_study(&app.pool, &study).await.map(Json)
}

/// A page of the runs of a study: trials by number, then the final run.
#[utoipa::path(get, path = "/studies/{study}/runs", tag = "studies", operation_id = "list_runs",
    params(("study" = String, Path, description = "Id or name of the study"), RunFilter, PageQuery),
    responses((status = 200, body = RunPage), (status = "default", body = ApiErrorBody)))]
pub(crate) async fn runs(
    State(app): State<App>,
    Path(study): Path<String>,
    Query(filter): Query<RunFilter>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<RunPage>> {
    let study = study::view::id(&app.pool, &study).await?;
    run::list::of_study(&app.pool, study, &page, &filter).await.map(Json)
}
