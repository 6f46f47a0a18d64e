//! What becomes of a worker's write about its attempt: won, lost or unknown, and what to do next.

use pedigree_protocol::lease::{AttemptWrite, Directive, WriteOutcome, WriteReply};
use pedigree_protocol::report::EpochReport;
use pedigree_protocol::run::{AttemptState, RunState};
use pedigree_protocol::{Attempt, RunId, StudyId};
use sqlx::PgConnection;
use tracing::Span;
use tracing::field::{Empty, display};

use crate::app::App;
use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::lease::end;
use crate::lease::held::{self, Held};
use crate::run::machine::Event;
use crate::run::report::Shown;
use crate::{run, study};

const LOST: WriteReply = WriteReply { outcome: WriteOutcome::Lost, directive: Directive::Stop, ttl_ms: 0 };
const UNKNOWN: WriteReply =
    WriteReply { outcome: WriteOutcome::Unknown, directive: Directive::Stop, ttl_ms: 0 };
const ENDED: WriteReply =
    WriteReply { outcome: WriteOutcome::Won, directive: Directive::Continue, ttl_ms: 0 };

/// Applies a write if the attempt holds the lease; returns when what it did is on disk.
#[tracing::instrument(name = "write", skip_all, fields(run.id = %run, %attempt, study.id = Empty, worker.id = Empty))]
pub(crate) async fn apply(
    app: &App,
    run: RunId,
    attempt: Attempt,
    write: &AttemptWrite,
) -> ApiResult<WriteReply> {
    let (reply, ended) = commit(app, run, attempt, write).await?;
    let Some(study) = ended else {
        app.durable.flushed().await?;
        return Ok(reply);
    };
    // The worker was told nothing of what its study does next: that need not be on disk.
    let (advanced, flushed) = tokio::join!(study::advance(&app.pool, study), app.durable.flushed());
    if let Err(error) = advanced {
        // The end is written; the reconciler takes the study further.
        tracing::warn!(error = &error as &dyn std::error::Error, "the study was not moved on yet");
    }
    flushed.map(|()| reply)
}

/// Writes what follows from the write; of an attempt that it has ended also the study.
async fn commit(
    app: &App,
    run: RunId,
    attempt: Attempt,
    write: &AttemptWrite,
) -> ApiResult<(WriteReply, Option<StudyId>)> {
    check(write)?;
    let _admitted = app.admit().await?;
    let mut tx = db::begin(&app.pool).await?;
    let Some(mut held) = held::lock(&mut tx, run, attempt).await? else { return Ok((UNKNOWN, None)) };
    Span::current().record("study.id", display(held.study)).record("worker.id", display(held.worker));
    if !held.is_live() {
        // The answer to the end may have been lost: the very same end, sent again, is still won.
        let again = held.end_write.is_some() && held.end_write.as_ref() == write.parts().last();
        // Not left to the drop, which lets the run's lock go some time later: a claim passes a locked run over.
        tx.rollback().await?;
        return Ok((if again { ENDED } else { LOST }, None));
    }
    let next = perform(&mut tx, &mut held, write.parts()).await?;
    if write.is_end() {
        tx.commit().await?;
        return Ok((ENDED, Some(held.study)));
    }
    held::renew(&mut tx, &held, app.lease_ttl).await?;
    tx.commit().await?;
    Ok((WriteReply { outcome: WriteOutcome::Won, directive: next, ttl_ms: app.lease_ttl_ms() }, None))
}

/// What a write would be answered by an attempt that does not hold the lease; `None` where it does.
pub(crate) async fn refusal(app: &App, run: RunId, attempt: Attempt) -> ApiResult<Option<WriteReply>> {
    let mut tx = db::begin(&app.pool).await?;
    let held = held::lock(&mut tx, run, attempt).await?;
    tx.rollback().await?;
    Ok(match held {
        None => Some(UNKNOWN),
        Some(held) if !held.is_live() => Some(LOST),
        Some(_) => None,
    })
}

/// Does `work` if the attempt holds the lease, and renews it.
pub(crate) async fn with_held(
    app: &App,
    run: RunId,
    attempt: Attempt,
    work: impl AsyncFnOnce(&mut PgConnection) -> ApiResult<()>,
) -> ApiResult<WriteReply> {
    let mut tx = db::begin(&app.pool).await?;
    let Some(held) = held::lock(&mut tx, run, attempt).await? else { return Ok(UNKNOWN) };
    if !held.is_live() {
        tx.rollback().await?;
        return Ok(LOST);
    }
    work(&mut tx).await?;
    held::renew(&mut tx, &held, app.lease_ttl).await?;
    tx.commit().await?;
    Ok(go_on(app, &held))
}

fn go_on(app: &App, held: &Held) -> WriteReply {
    let directive = directive(held, held.prune_reason.is_some());
    WriteReply { outcome: WriteOutcome::Won, directive, ttl_ms: app.lease_ttl_ms() }
}

/// Refuses what could not be applied in any state.
fn check(write: &AttemptWrite) -> ApiResult<()> {
    let Some((_, before)) = write.parts().split_last() else {
        return Err(ApiError::invalid("writes: there is none; send at least one"));
    };
    if before.iter().any(AttemptWrite::is_end) {
        return Err(ApiError::invalid("writes: an end comes last"));
    }
    if write.parts().iter().any(|part| matches!(part, AttemptWrite::Several { .. })) {
        return Err(ApiError::invalid("writes: several within several; send them as one list"));
    }
    Ok(())
}

/// Does what the writes say, in their order; answers what the worker should do next.
async fn perform(db: &mut PgConnection, held: &mut Held, writes: &[AttemptWrite]) -> ApiResult<Directive> {
    let is_report = |write: &AttemptWrite| matches!(write, AttemptWrite::Report { .. });
    let ends = writes.last().is_some_and(AttemptWrite::is_end);
    // Reports that follow each other are stored together.
    for group in writes.chunk_by(|one, next| is_report(one) && is_report(next)) {
        match &group[0] {
            AttemptWrite::Renew | AttemptWrite::Several { .. } => {}
            // Its end, which comes along, writes both: nobody can have seen it run.
            AttemptWrite::Start if ends => held.started = true,
            AttemptWrite::Start => start(db, held).await?,
            AttemptWrite::Report { .. } => {
                let shown = if ends { Shown::ByTheEnd } else { Shown::ByTheReport };
                report(db, held, group, shown).await?;
            }
            AttemptWrite::DaptReport { metrics } => {
                held.must_be_dapt("reports held-out text")?;
                run::report::record_dapt(db, held.run, held.attempt, metrics).await?;
            }
            AttemptWrite::Log { offset, text } => {
                run::log::append(db, held.run, held.attempt, (*offset, text)).await?;
            }
            AttemptWrite::End { end, artifacts, .. } => {
                end::by_worker(db, held, &group[0], end, artifacts).await?;
            }
        }
    }
    Ok(directive(held, held.prune_reason.is_some()))
}

fn directive(held: &Held, prune: bool) -> Directive {
    match (held.is_over(), prune, held.hand_back) {
        (true, _, _) => Directive::Stop,
        (false, true, _) => Directive::Prune,
        (false, false, true) => Directive::Release,
        (false, false, false) => Directive::Continue,
    }
}

/// Epochs have ended: stored, and shown to the study's pruner.
async fn report(
    db: &mut PgConnection,
    held: &mut Held,
    writes: &[AttemptWrite],
    shown: Shown,
) -> ApiResult<()> {
    let mut reports: Vec<&EpochReport> = Vec::new();
    for write in writes {
        if let AttemptWrite::Report { metrics } = write {
            reports.push(metrics);
        }
    }
    let Some(metric) = held.metric else {
        return Err(ApiError::invalid("a pretraining has no dev scores; it reports held-out text"));
    };
    let tally = run::report::record(db, (held.run, held.attempt), metric, &reports, shown).await?;
    if shown == Shown::ByTheEnd {
        held.reported = held.reported.and(tally, metric.goal);
    }
    if let Some(epoch) = reports.iter().map(|report| report.epoch).max() {
        held.prune_reason = run::prune::judge(db, held, epoch).await?;
    }
    Ok(())
}

/// The trainer has started; said twice, it counts once.
async fn start(db: &mut PgConnection, held: &mut Held) -> ApiResult<()> {
    if held.run_state == RunState::Running {
        return Ok(());
    }
    let started = Event::Started;
    held.run_state =
        run::sql::apply(db, held.run, held.run_state, started, run::sql::Outcome::default()).await?;
    sqlx::query!(
        "UPDATE attempts SET state = $3, started_at = now() WHERE run_id = $1 AND attempt = $2",
        held.run.0,
        held.attempt.0,
        AttemptState::Running as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
