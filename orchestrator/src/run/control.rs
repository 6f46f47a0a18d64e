//! What users do to single runs: pause, resume, cancel. A live run's worker hears of it by its next write.

use pedigree_protocol::RunId;
use pedigree_protocol::run::{Run, RunState};
use sqlx::{PgConnection, PgPool};

use crate::advance::advance;
use crate::error::ApiResult;
use crate::run::locked::{self, LockedRun};
use crate::run::machine::Event;
use crate::run::{sql, view};
use crate::study::studies::Studies;

/// Cancels a run: at once where it waits.
pub(crate) async fn cancel(studies: &Studies, id: RunId) -> ApiResult<Run> {
    let owner = locked::open(&studies.pool, id, async |db, run| {
        cancel_locked(db, run).await?;
        Ok(run.owner)
    })
    .await?;
    advance(studies, owner).await?;
    view::get(&studies.pool, id).await
}

async fn cancel_locked(db: &mut PgConnection, run: &LockedRun) -> ApiResult<()> {
    match run.state {
        RunState::Waiting => {
            sql::apply(db, run.id, run.state, Event::Cancelled, sql::Outcome::default()).await?;
        }
        RunState::Leased | RunState::Running => {
            sqlx::query!("UPDATE runs SET cancel_asked = true WHERE id = $1", run.id.0).execute(db).await?;
        }
        RunState::Cancelled => {}
        RunState::Completed | RunState::Pruned | RunState::Failed => run.must_be_open()?,
    }
    Ok(())
}

/// Pauses a run, or lets it go on.
pub(crate) async fn set_paused(pool: &PgPool, id: RunId, paused: bool) -> ApiResult<Run> {
    locked::open(pool, id, async |db, run| {
        run.must_be_open()?;
        sqlx::query!("UPDATE runs SET paused = $2 WHERE id = $1", id.0, paused).execute(db).await?;
        Ok(())
    })
    .await?;
    view::get(pool, id).await
}
