//! Trying runs again by a user's wish.
//!
//! Owns which runs may be: never one whose failure is a result that the sampler has learnt from (its suggestions would
//! no longer follow from what they saw), and no trial once the final run exists. A failed study opens again.

use pedigree_protocol::retry::{Policy, Retried, RetryFailed};
use pedigree_protocol::run::{FailureCause, RunKind, RunState};
use pedigree_protocol::study::StudyState;
use pedigree_protocol::{RunId, StudyId};
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::run;
use crate::run::machine::Event;
use crate::study::locked::{self, LockedStudy};
use crate::study::{advance, view};

/// A run that may be tried again, under its row lock.
#[derive(Debug)]
struct Candidate {
    id: RunId,
    kind: RunKind,
    number: Option<i32>,
    state: RunState,
    cause: Option<FailureCause>,
}

/// Has one run tried again.
pub(crate) async fn run(pool: &PgPool, id: RunId) -> ApiResult<Retried> {
    let run = run::view::get(pool, id).await?;
    if run.kind == RunKind::Dapt {
        let why = "a pretraining is not tried again by hand; queue it anew under another name";
        return Err(ApiError::conflict(why));
    }
    retry(pool, run.study_id, |candidate| candidate.id == id).await
}

/// Has the failed runs of a study tried again.
pub(crate) async fn failed(pool: &PgPool, id_or_name: &str, which: &RetryFailed) -> ApiResult<Retried> {
    let study = view::get(pool, id_or_name).await?;
    let wanted = |cause: &FailureCause| which.causes.is_empty() || which.causes.contains(cause);
    retry(pool, study.id, |run| run.state == RunState::Failed && run.cause.as_ref().is_some_and(wanted)).await
}

async fn retry(pool: &PgPool, id: StudyId, wanted: impl Fn(&Candidate) -> bool) -> ApiResult<Retried> {
    let mut tx = db::begin(pool).await?;
    let gone = || ApiError::not_found(format!("there is no study {id} any more"));
    let study = locked::lock(&mut tx, id).await?.ok_or_else(gone)?;
    let all = candidates(&mut tx, id).await?;
    let final_exists = all.iter().any(|run| run.kind == RunKind::Final);
    let (mut again, mut left) = (Vec::new(), Vec::new());
    for run in all.into_iter().filter(wanted) {
        match obstacle(study.state, &run, final_exists) {
            Some(sentence) => left.push(sentence),
            None => again.push(run),
        }
    }
    if again.is_empty() {
        let why = if left.is_empty() { "no run of it failed so".to_owned() } else { left.join("; ") };
        return Err(ApiError::conflict(format!("nothing of {} is tried again: {why}", study.spec.name)));
    }
    reopen(&mut tx, &study, final_exists).await?;
    for run in &again {
        apply(&mut tx, run.id, run.state).await?;
    }
    tx.commit().await?;
    advance(pool, id).await?;
    let mut runs = Vec::new();
    for run in again {
        runs.push(run::view::get(pool, run.id).await?);
    }
    Ok(Retried { study: view::get(pool, &id.to_string()).await?, runs, left })
}

async fn candidates(db: &mut PgConnection, study: StudyId) -> ApiResult<Vec<Candidate>> {
    let rows = sqlx::query!(
        r#"SELECT id, kind AS "kind: RunKind", number, state AS "state: RunState",
               failure_cause AS "cause: FailureCause"
           FROM runs WHERE study_id = $1 ORDER BY number NULLS LAST FOR NO KEY UPDATE"#,
        study.0
    );
    let candidate = |id, kind, number, state, cause| Candidate { id: RunId(id), kind, number, state, cause };
    let rows = rows.fetch_all(db).await?.into_iter();
    Ok(rows.map(|row| candidate(row.id, row.kind, row.number, row.state, row.cause)).collect())
}

/// Why a run cannot be tried again, as a sentence.
fn obstacle(study: StudyState, run: &Candidate, final_exists: bool) -> Option<String> {
    let what = run.number.map_or("the final run".to_owned(), |number| format!("trial {number}"));
    let why = match (run.state, study) {
        (_, StudyState::Completed) => "its study has its test score; create another study".to_owned(),
        (_, StudyState::Cancelled) => "its study was cancelled; create another study".to_owned(),
        (RunState::Failed | RunState::Cancelled, _) if run.kind == RunKind::Trial && final_exists => {
            "the final run has begun, which ends the search".to_owned()
        }
        (RunState::Failed, _) if run.kind == RunKind::Trial && is_result(run.cause) => {
            "its failure is a result that the sampler has learnt from; `pedigree study enqueue` tries its \
             configuration in a new trial"
                .to_owned()
        }
        (RunState::Failed | RunState::Cancelled, _) => return None,
        (RunState::Waiting | RunState::Leased | RunState::Running, _) => "it has not ended yet".to_owned(),
        (RunState::Completed | RunState::Pruned, _) => "it did not fail".to_owned(),
    };
    Some(format!("{what}: {why}"))
}

fn is_result(cause: Option<FailureCause>) -> bool {
    cause.is_some_and(|cause| cause.policy() == Policy::Result)
}

/// Takes a failed study back to where it was, the runs that its end cancelled included.
async fn reopen(db: &mut PgConnection, study: &LockedStudy, final_exists: bool) -> ApiResult<()> {
    if study.state != StudyState::Failed {
        return Ok(());
    }
    let with_it = sqlx::query_scalar!(
        "SELECT r.id FROM runs r JOIN studies s ON s.id = r.study_id
         WHERE s.id = $1 AND r.state = 'cancelled' AND r.ended_at >= s.ended_at ORDER BY r.id",
        study.id.0
    );
    for id in with_it.fetch_all(&mut *db).await? {
        apply(db, RunId(id), RunState::Cancelled).await?;
    }
    let state = if final_exists { StudyState::Finishing } else { StudyState::Searching };
    study.enter(db, state, None).await
}

async fn apply(db: &mut PgConnection, run: RunId, state: RunState) -> ApiResult<()> {
    run::sql::apply(db, run, state, Event::Retried, run::sql::Outcome::default()).await.map(drop)
}
