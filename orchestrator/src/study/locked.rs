//! A study under its row lock: only its holder adds runs to the study and moves it from state to state.
//!
//! Lock order: the study, its entry of the queue, its runs. A worker's write locks only its run and comes here afterwards.

use pedigree_protocol::resources::Hold;
use pedigree_protocol::run::RunState;
use pedigree_protocol::study::{StudySpec, StudyState};
use pedigree_protocol::{RunId, StudyId};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::run;
use crate::run::machine::Event as RunEvent;
use crate::study::machine::{self, Event};

/// A study under its row lock.
#[derive(Debug)]
pub(crate) struct LockedStudy {
    pub(crate) id: StudyId,
    pub(crate) spec: StudySpec,
    pub(crate) state: StudyState,
    /// Its entry's hold, which may have changed while the lock was waited for.
    pub(crate) hold: Hold,
    /// Its entry awaited its backbone when the lock was asked for.
    pub(crate) awaits: bool,
    /// No further trial is proposed.
    pub(crate) enough: bool,
}

/// Does `work` on a study under its lock. What it wrote is committed if it succeeds, and rolled back otherwise.
///
/// # Errors
/// When there is no such study, and what `work` answers.
pub(crate) async fn open<T>(
    pool: &PgPool,
    id_or_name: &str,
    work: impl AsyncFnOnce(&mut PgConnection, &LockedStudy) -> ApiResult<T>,
) -> ApiResult<T> {
    db::transaction(pool, async |db| {
        let id = find(db, id_or_name).await?.ok_or_else(|| unknown(id_or_name))?;
        let study = lock(db, id).await?.ok_or_else(|| unknown(id_or_name))?;
        work(db, &study).await
    })
    .await
}

/// The id of a study that was named by its id or name, if there is one.
pub(crate) async fn find(db: &mut PgConnection, id_or_name: &str) -> ApiResult<Option<StudyId>> {
    let select = sqlx::query_scalar!(
        "SELECT s.id FROM studies s JOIN queue q ON q.id = s.id WHERE q.id = $1 OR q.name = $2",
        id_or_name.parse::<StudyId>().ok().map(|id| id.0),
        id_or_name
    );
    Ok(select.fetch_optional(db).await?.map(StudyId))
}

/// The answer about a study that is not there.
pub(crate) fn unknown(id_or_name: &str) -> ApiError {
    ApiError::not_found(format!("there is no study {id_or_name:?}; `pedigree study list` shows all"))
}

/// Locks the study until the transaction ends. Keys stay readable, so that a seal's foreign key never waits.
pub(crate) async fn lock(db: &mut PgConnection, id: StudyId) -> ApiResult<Option<LockedStudy>> {
    let select = sqlx::query!(
        r#"SELECT s.spec AS "spec: Json<StudySpec>", s.state AS "state: StudyState", q.hold AS "hold: Hold",
               q.awaits IS NOT NULL AS "awaits!", s.enough
           FROM studies s JOIN queue q ON q.id = s.id WHERE s.id = $1 FOR NO KEY UPDATE OF s"#,
        id.0
    );
    let row = select.fetch_optional(db).await?;
    Ok(row.map(|row| LockedStudy {
        id,
        spec: row.spec.0,
        state: row.state,
        hold: row.hold,
        awaits: row.awaits,
        enough: row.enough,
    }))
}

impl LockedStudy {
    /// Refuses a study that has ended.
    pub(crate) fn must_be_open(&self) -> ApiResult<()> {
        if self.state.is_final() {
            return Err(ApiError::conflict(format!("the study {:?} has ended already", self.spec.name)));
        }
        Ok(())
    }

    /// Takes a step: the one function that writes a study's state. An ended study leaves no run waiting; live runs hear
    /// of the end by their next write.
    pub(crate) async fn step(&self, db: &mut PgConnection, event: Event) -> ApiResult<StudyState> {
        self.take(db, event, None).await
    }

    /// Ends the study as failed, with the sentence that says why.
    pub(crate) async fn fail(&self, db: &mut PgConnection, why: &str) -> ApiResult<StudyState> {
        self.take(db, Event::Failed, Some(why)).await
    }

    async fn take(
        &self,
        db: &mut PgConnection,
        event: Event,
        failure: Option<&str>,
    ) -> ApiResult<StudyState> {
        let state = machine::step(self.state, event).map_err(|error| ApiError::Broken(error.to_string()))?;
        sqlx::query!(
            "UPDATE studies SET state = $2, failure = $3, ended_at = CASE WHEN $4 THEN now() END WHERE id = $1",
            self.id.0,
            state as _,
            failure,
            state.is_final(),
        )
        .execute(&mut *db)
        .await?;
        tracing::info!(study.id = %self.id, study = self.spec.name, ?state, failure, "study changed");
        if state.is_final() {
            self.cancel_waiting_runs(db).await?;
        }
        Ok(state)
    }

    async fn cancel_waiting_runs(&self, db: &mut PgConnection) -> ApiResult<()> {
        let waiting = sqlx::query_scalar!(
            "SELECT id FROM runs WHERE queue_id = $1 AND state = 'waiting' ORDER BY id FOR NO KEY UPDATE",
            self.id.0
        );
        for id in waiting.fetch_all(&mut *db).await? {
            let outcome = run::sql::Outcome::default();
            run::sql::apply(db, RunId(id), RunState::Waiting, RunEvent::Cancelled, outcome).await?;
        }
        Ok(())
    }
}
