//! What users do to single runs: pause, resume, cancel. A live run's worker hears of it by its next write.

use pedigree_protocol::run::{Run, RunState};
use pedigree_protocol::{RunId, StudyId};
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::run::machine::Event;
use crate::run::{sql, view};
use crate::study;

/// Cancels a run: at once where it waits.
pub(crate) async fn cancel(pool: &PgPool, id: RunId) -> ApiResult<Run> {
    let mut tx = db::begin(pool).await?;
    let (study, state) = lock(&mut tx, id).await?;
    match state {
        RunState::Waiting => {
            sql::apply(&mut tx, id, state, Event::Cancelled, sql::Outcome::default()).await?;
        }
        RunState::Leased | RunState::Running => {
            sqlx::query!("UPDATE runs SET cancel_asked = true WHERE id = $1", id.0).execute(&mut *tx).await?;
        }
        RunState::Cancelled => {}
        RunState::Completed | RunState::Pruned | RunState::Failed => return Err(ended(state)),
    }
    tx.commit().await?;
    study::advance(pool, study).await?;
    view::get(pool, id).await
}

/// Pauses a run, or lets it go on.
pub(crate) async fn set_paused(pool: &PgPool, id: RunId, paused: bool) -> ApiResult<Run> {
    let mut tx = db::begin(pool).await?;
    let (_, state) = lock(&mut tx, id).await?;
    if state.is_final() {
        return Err(ended(state));
    }
    sqlx::query!("UPDATE runs SET paused = $2 WHERE id = $1", id.0, paused).execute(&mut *tx).await?;
    tx.commit().await?;
    view::get(pool, id).await
}

async fn lock(db: &mut PgConnection, id: RunId) -> ApiResult<(StudyId, RunState)> {
    let row = sqlx::query!(
        r#"SELECT study_id, state AS "state: RunState" FROM runs WHERE id = $1 FOR NO KEY UPDATE"#,
        id.0
    );
    let row = row.fetch_optional(db).await?.ok_or_else(|| view::unknown(id))?;
    Ok((StudyId(row.study_id), row.state))
}

fn ended(state: RunState) -> ApiError {
    let state = serde_json::to_value(state).unwrap_or_default();
    ApiError::conflict(format!("the run has ended already: it is {}", state.as_str().unwrap_or_default()))
}
