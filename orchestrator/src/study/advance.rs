//! Moving a study on: more trials while the budget lasts, then the final runs, then the test run, then the end.
//!
//! [`advance`] reads the runs and does what follows from them, under the study's lock. It is idempotent: it is called
//! when a study is created and when a run has ended, and by the reconciler in case neither call came to its end.

use pedigree_protocol::StudyId;
use pedigree_protocol::resources::Hold;
use pedigree_protocol::study::StudyState;
use sqlx::PgConnection;

use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::propose;
use crate::queue::entry;
use crate::study::finals;
use crate::study::locked::{self, LockedStudy};
use crate::study::studies::Studies;
use crate::wall::{self, Place};

/// Does whatever the study's runs call for. Of several calls at once, one that begins later does the work of the
/// others: they wait for it, and hold no connection meanwhile.
#[tracing::instrument(skip_all, fields(study.id = %id))]
pub(crate) async fn advance(studies: &Studies, id: StudyId) -> ApiResult<()> {
    studies.turns.take(id, || behind_a_wall(studies, id)).await
}

/// A panic on the way ends the study, so that the next look does not meet it again.
async fn behind_a_wall(studies: &Studies, id: StudyId) -> ApiResult<()> {
    match wall::guard_async(Place::Advancing, advance_now(studies, id)).await {
        Ok(done) => done,
        Err(panic) => end_by_fault(studies, id, &panic.to_string()).await,
    }
}

/// Ends a study that a fault of this program keeps from going on.
pub(crate) async fn end_by_fault(studies: &Studies, id: StudyId, why: &str) -> ApiResult<()> {
    db::transaction(&studies.pool, async |db| match locked::lock(db, id).await? {
        Some(study) if !study.state.is_final() => study.fail(db, why).await.map(drop),
        _ => Ok(()),
    })
    .await?;
    studies.trials.forget(id);
    Ok(())
}

async fn advance_now(studies: &Studies, id: StudyId) -> ApiResult<()> {
    let state = db::transaction(&studies.pool, async |db| {
        let Some(mut study) = locked::lock(db, id).await? else { return Ok(None) };
        loop {
            let next = match study.state {
                StudyState::Searching => search(db, studies, &study).await?,
                StudyState::Finishing => finals::finish(db, &study).await?,
                StudyState::Testing => finals::test(db, &study).await?,
                StudyState::Completed | StudyState::Failed | StudyState::Cancelled => study.state,
            };
            if next == study.state || next.is_final() {
                return Ok(Some(next));
            }
            // What follows may be due at once: without final runs the test run is.
            study.state = next;
        }
    })
    .await?;
    if state != Some(StudyState::Searching) {
        studies.trials.forget(id);
    }
    Ok(())
}

/// While trials are proposed: fail early, end the search, or keep it going.
async fn search(db: &mut PgConnection, studies: &Studies, study: &LockedStudy) -> ApiResult<StudyState> {
    if study.awaits
        && let Some(name) = entry::awaits_in_vain(db, study.id.into()).await?
    {
        let why = format!("the pretraining {name} has ended and left no backbone");
        return study.fail(db, &why).await;
    }
    let trials = studies.trials.all(db, study.id, &study.spec).await?;
    if let Some(message) = trials.fatal() {
        return study.fail(db, message).await;
    }
    let last = if study.enough { trials.len() } else { study.spec.trials as usize };
    if trials.ended() < last {
        if study.hold == Hold::None && !study.enough {
            match propose::top_up_trials(db, study, trials).await {
                Err(ApiError::Panicked(panic)) => return study.fail(db, &panic.to_string()).await,
                proposed => proposed?,
            }
        }
        return Ok(study.state);
    }
    match finals::begin(db, study).await? {
        Some(state) => Ok(state),
        None => {
            let ended = trials.ended();
            let message = match ended {
                0 => "no trial was proposed before it was enough".to_owned(),
                _ => format!("none of the {ended} trials completed; the failures of the trials say why"),
            };
            study.fail(db, &message).await
        }
    }
}
