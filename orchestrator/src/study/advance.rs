//! Moving a study on: more trials while the budget lasts, then the final run, then the end. A pretraining has its end
//! alone before it.
//!
//! [`advance`] reads the runs and does what follows from them, under the study's lock. It is idempotent: it is called
//! when a study is created and when a run has ended, and by the reconciler in case neither got that far.

use pedigree_protocol::StudyId;
use pedigree_protocol::resources::Hold;
use pedigree_protocol::run::RunState;
use pedigree_protocol::study::StudyState;
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::ApiResult;
use crate::run::known;
use crate::run::trial;
use crate::study::locked::{self, LockedStudy};
use crate::study::turn;
use crate::{dapt, propose};

/// Does whatever the study's runs call for. Of several calls at once, one that begins later does what the others
/// would: they wait for it, and hold no connection meanwhile.
#[tracing::instrument(skip_all, fields(study.id = %id))]
pub(crate) async fn advance(pool: &PgPool, id: StudyId) -> ApiResult<()> {
    turn::take(id, || advance_now(pool, id)).await
}

async fn advance_now(pool: &PgPool, id: StudyId) -> ApiResult<()> {
    let mut tx = db::begin(pool).await?;
    let Some(study) = locked::lock(&mut tx, id).await? else {
        dapt::create::end(&mut tx, id).await?;
        return Ok(tx.commit().await?);
    };
    match study.state {
        StudyState::Searching => search(&mut tx, &study).await?,
        StudyState::Finishing => finish(&mut tx, &study).await?,
        StudyState::Completed | StudyState::Failed | StudyState::Cancelled => {}
    }
    Ok(tx.commit().await?)
}

/// While trials are proposed: fail early, end the search, or keep it going.
async fn search(db: &mut PgConnection, study: &LockedStudy) -> ApiResult<()> {
    let trials = known::all(db, study.id, &study.spec).await?;
    if let Some(message) = trials.fatal() {
        return study.enter(db, StudyState::Failed, Some(message)).await;
    }
    if trials.ended() < study.spec.trials as usize {
        if study.hold != Hold::None {
            return Ok(());
        }
        return propose::top_up_trials(db, study, trials).await;
    }
    match trials.best(study.spec.metric.goal) {
        Some(best) => {
            let params = trial::params(db, study.id, best).await?;
            propose::final_run(db, study, params).await?;
            study.enter(db, StudyState::Finishing, None).await
        }
        None => {
            let ended = trials.ended();
            let message = format!("none of the {ended} trials completed; the failures of the trials say why");
            study.enter(db, StudyState::Failed, Some(&message)).await
        }
    }
}

/// While the final run is on its way: end with it.
async fn finish(db: &mut PgConnection, study: &LockedStudy) -> ApiResult<()> {
    let Some((state, failure)) = trial::final_run(db, study.id).await? else { return Ok(()) };
    match state {
        RunState::Completed => study.enter(db, StudyState::Completed, None).await,
        RunState::Failed | RunState::Cancelled | RunState::Pruned => {
            let why = failure.map_or("it was cancelled".to_owned(), |failure| failure.message);
            let message = format!("the final run did not complete: {why}");
            study.enter(db, StudyState::Failed, Some(&message)).await
        }
        RunState::Waiting | RunState::Leased | RunState::Running => Ok(()),
    }
}
