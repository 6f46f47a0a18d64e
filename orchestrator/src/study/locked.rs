//! A study under its row lock: whoever holds it alone adds runs to it and ends it.
//!
//! Lock order: the study, then its runs. A worker's write locks its run alone and comes here afterwards.

use pedigree_protocol::resources::Hold;
use pedigree_protocol::study::{StudySpec, StudyState};
use pedigree_protocol::{RunId, StudyId};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::error::ApiResult;
use crate::run;
use crate::run::machine::Event;

/// A study under its row lock.
#[derive(Debug)]
pub(crate) struct LockedStudy {
    pub(crate) id: StudyId,
    pub(crate) spec: StudySpec,
    pub(crate) state: StudyState,
    pub(crate) hold: Hold,
}

/// Locks the study (no pretraining is one) until the transaction ends. Keys stay readable, so that a seal's foreign key never waits.
pub(crate) async fn lock(db: &mut PgConnection, id: StudyId) -> ApiResult<Option<LockedStudy>> {
    let row = sqlx::query!(
        r#"SELECT spec AS "spec: Json<StudySpec>", state AS "state: StudyState", hold AS "hold: Hold"
           FROM studies WHERE id = $1 AND dataset_id IS NOT NULL FOR NO KEY UPDATE"#,
        id.0
    );
    let row = row.fetch_optional(db).await?;
    Ok(row.map(|row| LockedStudy { id, spec: row.spec.0, state: row.state, hold: row.hold }))
}

impl LockedStudy {
    /// Writes the study's next state. An ended study leaves no run waiting; live runs hear of it by their next write.
    pub(crate) async fn enter(
        &self,
        db: &mut PgConnection,
        state: StudyState,
        failure: Option<&str>,
    ) -> ApiResult<()> {
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
        // Whatever it enters, its search is over.
        run::known::forget(self.id);
        if state.is_final() {
            self.cancel_waiting_runs(db).await?;
        }
        Ok(())
    }

    async fn cancel_waiting_runs(&self, db: &mut PgConnection) -> ApiResult<()> {
        let waiting = sqlx::query_scalar!(
            "SELECT id FROM runs WHERE study_id = $1 AND state = 'waiting' ORDER BY id FOR NO KEY UPDATE",
            self.id.0
        );
        for id in waiting.fetch_all(&mut *db).await? {
            let waiting = pedigree_protocol::run::RunState::Waiting;
            run::sql::apply(db, RunId(id), waiting, Event::Cancelled, run::sql::Outcome::default()).await?;
        }
        Ok(())
    }
}
