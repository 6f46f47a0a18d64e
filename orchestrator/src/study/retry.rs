//! Trying runs again by a user's wish.
//!
//! Owns which runs may be tried again. A run whose failure is a result may not: the sampler has learnt from it, and the
//! suggestions would no longer follow from what they saw. No trial may once a final run exists, and no final run once the
//! test run exists. A failed study opens again.

use pedigree_protocol::retry::Policy;
use pedigree_protocol::run::{FailureCause, RunKind, RunState};
use pedigree_protocol::study::{Retried, RetryFailed, StudyState};
use pedigree_protocol::{QueueId, RunId, StudyId};
use sqlx::PgConnection;

use crate::error::{ApiError, ApiResult};
use crate::run;
use crate::run::machine::Event as RunEvent;
use crate::run::owner::Owner;
use crate::study::locked::{self, LockedStudy};
use crate::study::machine::{Event, Stage};
use crate::study::studies::Studies;
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
pub(crate) async fn run(studies: &Studies, id: RunId) -> ApiResult<Retried> {
    let select = sqlx::query!(r#"SELECT kind AS "kind: RunKind", queue_id FROM runs WHERE id = $1"#, id.0);
    let row = select.fetch_optional(&studies.pool).await?.ok_or_else(|| run::view::unknown(id))?;
    match Owner::of(row.kind, QueueId(row.queue_id)) {
        Owner::Study(study) => retry(studies, &study.to_string(), |candidate| candidate.id == id).await,
        Owner::Pretraining(_) => {
            let why = "a pretraining is not tried again by hand; queue it anew under another name";
            Err(ApiError::conflict(why))
        }
    }
}

/// Has the failed runs of a study tried again.
pub(crate) async fn failed(studies: &Studies, id_or_name: &str, which: &RetryFailed) -> ApiResult<Retried> {
    let wanted = |cause: &FailureCause| which.causes.is_empty() || which.causes.contains(cause);
    let is_wanted = |run: &Candidate| run.state == RunState::Failed && run.cause.as_ref().is_some_and(wanted);
    retry(studies, id_or_name, is_wanted).await
}

/// The runs of a study that are tried again.
struct Again {
    study: StudyId,
    runs: Vec<RunId>,
    /// Why others are not, a sentence each.
    left: Vec<String>,
}

async fn retry(
    studies: &Studies,
    id_or_name: &str,
    is_wanted: impl Fn(&Candidate) -> bool,
) -> ApiResult<Retried> {
    let pool = &studies.pool;
    let again =
        locked::open(pool, id_or_name, async |db, study| retry_in(db, study, &is_wanted).await).await?;
    advance(studies, again.study).await?;
    let runs = run::view::by_ids(pool, &again.runs).await?.into_values().collect();
    Ok(Retried { study: view::by_id(pool, again.study).await?, runs, left: again.left })
}

async fn retry_in(
    db: &mut PgConnection,
    study: &LockedStudy,
    is_wanted: impl Fn(&Candidate) -> bool,
) -> ApiResult<Again> {
    let all = candidates(db, study.id).await?;
    let stage = stage(&all);
    let (mut again, mut left) = (Vec::new(), Vec::new());
    for run in all.into_iter().filter(is_wanted) {
        match obstacle(study.state, &run, stage) {
            Some(sentence) => left.push(sentence),
            None => again.push(run),
        }
    }
    if again.is_empty() {
        let why = if left.is_empty() { "none failed by these causes".to_owned() } else { left.join("; ") };
        return Err(ApiError::conflict(format!("no run of {} is tried again: {why}", study.spec.name)));
    }
    reopen(db, study, stage).await?;
    for run in &again {
        apply(db, run.id, run.state).await?;
    }
    Ok(Again { study: study.id, runs: again.into_iter().map(|run| run.id).collect(), left })
}

async fn candidates(db: &mut PgConnection, study: StudyId) -> ApiResult<Vec<Candidate>> {
    let select = sqlx::query!(
        r#"SELECT id, kind AS "kind: RunKind", number, state AS "state: RunState", failure_cause AS "cause: FailureCause"
           FROM runs WHERE queue_id = $1 ORDER BY number NULLS LAST FOR NO KEY UPDATE"#,
        study.0
    );
    let rows = select.fetch_all(db).await?.into_iter();
    let candidate = |id, kind, number, state, cause| Candidate { id: RunId(id), kind, number, state, cause };
    Ok(rows.map(|row| candidate(row.id, row.kind, row.number, row.state, row.cause)).collect())
}

/// How far the study had come, by its runs.
fn stage(all: &[Candidate]) -> Stage {
    let has = |kind| all.iter().any(|run| run.kind == kind);
    match (has(RunKind::Test), has(RunKind::Final)) {
        (true, _) => Stage::Test,
        (false, true) => Stage::Finals,
        (false, false) => Stage::Search,
    }
}

/// Why a run cannot be tried again, as a sentence.
fn obstacle(study: StudyState, run: &Candidate, stage: Stage) -> Option<String> {
    let what = match run.kind {
        RunKind::Test => "the test run".to_owned(),
        _ => run.number.map_or("a final run".to_owned(), |number| format!("trial {number}")),
    };
    let why = match (run.state, study) {
        (_, StudyState::Completed) => "its study has its test score; create another study".to_owned(),
        (_, StudyState::Cancelled) => "its study was cancelled; create another study".to_owned(),
        (RunState::Failed | RunState::Cancelled, _)
            if run.kind == RunKind::Trial && stage != Stage::Search =>
        {
            "the final runs have begun, which ends the search".to_owned()
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
async fn reopen(db: &mut PgConnection, study: &LockedStudy, at: Stage) -> ApiResult<()> {
    if study.state != StudyState::Failed {
        return Ok(());
    }
    let with_it = sqlx::query_scalar!(
        "SELECT r.id FROM runs r JOIN studies s ON s.id = r.queue_id
         WHERE s.id = $1 AND r.state = 'cancelled' AND r.ended_at >= s.ended_at ORDER BY r.id",
        study.id.0
    );
    for id in with_it.fetch_all(&mut *db).await? {
        apply(db, RunId(id), RunState::Cancelled).await?;
    }
    study.step(db, Event::Reopened { at }).await.map(drop)
}

async fn apply(db: &mut PgConnection, run: RunId, state: RunState) -> ApiResult<()> {
    run::sql::apply(db, run, state, RunEvent::Retried, run::sql::Outcome::default()).await.map(drop)
}
