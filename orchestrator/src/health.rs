//! Whether the process lives, and whether it can serve.

use axum::extract::State;

use crate::app::App;
use crate::error::ApiResult;

/// The process lives.
pub(crate) async fn live() -> &'static str {
    "ok"
}

/// The database answers.
pub(crate) async fn ready(State(app): State<App>) -> ApiResult<&'static str> {
    sqlx::query!(r#"SELECT 1 AS "one!""#).fetch_one(&app.pool).await?;
    Ok("ready")
}
