//! How an attempt ends, and what that does to its run.

use std::time::Duration;

use metrics::counter;
use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::lease::{AttemptEnd, AttemptWrite};
use pedigree_protocol::retry::Policy;
use pedigree_protocol::run::{AttemptState, Failure, FailureCause, RunKind};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::error::ApiResult;
use crate::lease::held::Held;
use crate::run::machine::Event;
use crate::run::retry::{self, Decision};
use crate::run::sql::{Outcome, Summary};
use crate::{artifact, fleet, run, seal};

/// Ends a live attempt as its worker says.
pub(crate) async fn by_worker(
    db: &mut PgConnection,
    held: &Held,
    write: &AttemptWrite,
    end: &AttemptEnd,
    artifacts: &[ArtifactFile],
) -> ApiResult<()> {
    leave(db, held, artifacts).await?;
    let (summary, failure) = match end {
        AttemptEnd::Completed { summary } => {
            held.must_train("it ends with its own kind of result")?;
            (Some(Summary::Training(summary)), None)
        }
        AttemptEnd::Tested { summary } => {
            let protocol = held.metric()?.protocol;
            held.must_be(RunKind::Test, "ends with test scores")?;
            seal::sql::close(db, held, summary).await?;
            (Some(Summary::Test(summary, protocol)), None)
        }
        AttemptEnd::Adapted { summary } => {
            held.must_be(RunKind::Dapt, "ends as adapted")?;
            (Some(Summary::Dapt(summary)), None)
        }
        AttemptEnd::Failed { failure } => (None, Some(failure)),
        AttemptEnd::Released | AttemptEnd::Cancelled | AttemptEnd::Pruned => (None, None),
    };
    let decision = match failure {
        Some(failure) => Some(decide(db, held, failure.cause).await?),
        None => None,
    };
    let (state, event) = verdict(held, end, decision.as_ref());
    record(db, held, state, failure, Some(write)).await?;
    let pause = decision.as_ref().map_or(Duration::ZERO, |decision| decision.pause);
    let reported = held.judged_by.as_ref().map(|criteria| (held.reported, criteria.metric.goal));
    let outcome = Outcome { summary, failure, pause, reported };
    run::sql::apply(db, held.run, held.run_state, event, outcome).await?;
    if let (Some(failure), Some(decision)) = (failure, decision) {
        follow_up(db, held, failure, decision).await?;
    }
    Ok(())
}

/// What follows a failure of the held run.
async fn decide(db: &mut PgConnection, held: &Held, cause: FailureCause) -> ApiResult<Decision> {
    if !held.open {
        return Ok(retry::refused(match held.kind {
            RunKind::Trial | RunKind::Final | RunKind::Test => "its study has ended",
            RunKind::Dapt => "its pretraining has ended",
        }));
    }
    if held.cancel_asked {
        return Ok(retry::refused("a user cancelled it"));
    }
    if held.prune_reason.is_some() {
        return Ok(retry::refused("the study's pruner had given it up"));
    }
    if held.kind == RunKind::Dapt && !cause.is_retryable() {
        return Ok(retry::refused("every further attempt would end alike"));
    }
    Ok(retry::decide(cause, &retry::budget(db, held).await?))
}

/// Stores the sentence with the attempt, and takes a device out of use that has failed too often.
async fn follow_up(
    db: &mut PgConnection,
    held: &Held,
    failure: &Failure,
    decision: Decision,
) -> ApiResult<()> {
    let mut consequence = decision.sentence;
    if failure.cause.policy() == Policy::Elsewhere
        && let Some(sentence) = fleet::quarantine::consider(db, &held.device, failure).await?
    {
        consequence = format!("{consequence}; {sentence}");
    }
    sqlx::query!(
        "UPDATE attempts SET consequence = $3 WHERE run_id = $1 AND attempt = $2",
        held.run.0,
        held.attempt.0,
        consequence,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends an attempt whose lease ran out.
pub(crate) async fn by_expiry(db: &mut PgConnection, held: &Held) -> ApiResult<()> {
    let losses = held.losses + 1;
    let lost = Failure::new(FailureCause::Lost, "the lease ran out");
    let decision = decide(db, held, FailureCause::Lost).await?;
    record(db, held, AttemptState::Lost, Some(&lost), None).await?;
    let given_up =
        Failure::new(FailureCause::Lost, format!("{losses} attempts were lost: the lease ran out each time"));
    let event = match held.is_over() {
        true => Event::Cancelled,
        false if held.prune_reason.is_some() => Event::Pruned,
        false => Event::Lost { retry: decision.retry },
    };
    let outcome = Outcome { failure: Some(&given_up), ..Outcome::default() };
    run::sql::apply(db, held.run, held.run_state, event, outcome).await?;
    follow_up(db, held, &lost, decision).await
}

/// What a worker's end means for the attempt and for the run. A run of an ended study is not tried again. A run that its
/// pruner has given up is not either, unless it completed first.
fn verdict(held: &Held, end: &AttemptEnd, decision: Option<&Decision>) -> (AttemptState, Event) {
    let over = held.is_over();
    let pruned = held.prune_reason.is_some();
    match end {
        AttemptEnd::Completed { .. } | AttemptEnd::Adapted { .. } | AttemptEnd::Tested { .. } => {
            (AttemptState::Completed, Event::Completed)
        }
        AttemptEnd::Pruned if pruned => (AttemptState::Pruned, Event::Pruned),
        AttemptEnd::Failed { .. } if held.cancel_asked => (AttemptState::Failed, Event::Cancelled),
        AttemptEnd::Failed { .. } if pruned => (AttemptState::Failed, Event::Pruned),
        // The run is not to blame: nothing is counted against it.
        AttemptEnd::Failed { failure }
            if failure.cause.policy() == Policy::AnotherHost
                && decision.is_some_and(|decision| decision.retry) =>
        {
            (AttemptState::Failed, Event::Released)
        }
        AttemptEnd::Failed { .. } => {
            (AttemptState::Failed, Event::Failed { retry: decision.is_some_and(|decision| decision.retry) })
        }
        AttemptEnd::Cancelled if over => (AttemptState::Cancelled, Event::Cancelled),
        AttemptEnd::Released if over => (AttemptState::Released, Event::Cancelled),
        AttemptEnd::Released if pruned => (AttemptState::Released, Event::Pruned),
        // Nobody asked to cancel or prune it: it is handed back.
        AttemptEnd::Released | AttemptEnd::Cancelled | AttemptEnd::Pruned => {
            (AttemptState::Released, Event::Released)
        }
    }
}

/// Stores which contents the attempt leaves.
async fn leave(db: &mut PgConnection, held: &Held, files: &[ArtifactFile]) -> ApiResult<()> {
    if files.is_empty() {
        return Ok(());
    }
    artifact::sql::check_uploaded(db, files).await?;
    let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
    let hashes: Vec<String> = files.iter().map(|file| file.sha256.to_string()).collect();
    sqlx::query!(
        "INSERT INTO attempt_artifacts (run_id, attempt, name, sha256)
         SELECT $1, $2, name, sha256 FROM unnest($3::text[], $4::text[]) AS file (name, sha256)
         ON CONFLICT DO NOTHING",
        held.run.0,
        held.attempt.0,
        &names,
        &hashes,
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn record(
    db: &mut PgConnection,
    held: &Held,
    state: AttemptState,
    failure: Option<&Failure>,
    write: Option<&AttemptWrite>,
) -> ApiResult<()> {
    let energy = match write {
        Some(AttemptWrite::End { energy, .. }) => energy.filter(|energy| energy.joules >= 0.0),
        _ => None,
    };
    sqlx::query!(
        "UPDATE attempts SET state = $3, failure_cause = $4, failure_message = $5, end_write = $6, failure_evidence = $7,
             energy_joules = $8, energy_source = $9,
             started_at = CASE WHEN $10 THEN coalesce(started_at, now()) ELSE started_at END,
             ended_at = now(), lease_expires_at = NULL
         WHERE run_id = $1 AND attempt = $2",
        held.run.0,
        held.attempt.0,
        state as _,
        failure.map(|failure| failure.cause) as _,
        failure.map(|failure| failure.message.as_str()),
        write.map(Json) as _,
        failure.and_then(|failure| failure.evidence.as_deref()),
        energy.map(|energy| energy.joules),
        energy.map(|energy| energy.source) as _,
        held.started,
    )
    .execute(db)
    .await?;
    counter!("pedigree_attempts_ended_total", "state" => state.as_str()).increment(1);
    tracing::info!(run.id = %held.run, attempt = %held.attempt, worker.id = %held.worker, ?state, "attempt ended");
    Ok(())
}
