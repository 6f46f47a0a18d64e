//! Health checks: whether the process lives, and whether it can serve.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// How long the database may take to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// The process lives.
pub(crate) async fn live() -> &'static str {
    "ok"
}

/// The database answers, every task beside the requests runs, and the coordinator was not told to stop. A balancer between
/// coordinators asks this.
pub(crate) async fn ready(State(app): State<App>) -> Result<String, Response> {
    answers(&app).await.map_err(IntoResponse::into_response)?;
    match app.tasks.standing() {
        Ok(fallen) => Ok(format!("ready{fallen}")),
        Err(down) => Err((StatusCode::SERVICE_UNAVAILABLE, format!("not ready{down}")).into_response()),
    }
}

async fn answers(app: &App) -> ApiResult<()> {
    if app.shutdown.is_cancelled() {
        return Err(ApiError::Leaving);
    }
    // A database whose host has vanished never answers; the caller must learn that in time.
    match timeout(ANSWER, sqlx::query!(r#"SELECT 1 AS "one!""#).fetch_one(&app.pool)).await {
        Ok(answer) => answer.map(drop).map_err(ApiError::from),
        Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
    }
}
