//! The outcome of a worker's write about its attempt: won, lost or unknown, and what the worker does next.

use pedigree_protocol::lease::{AttemptWrite, Directive, WriteOutcome, WriteReply};
use pedigree_protocol::report::EpochReport;
use pedigree_protocol::run::{AttemptState, RunKind, RunState};
use pedigree_protocol::{Attempt, RunId, StudyId};
use sqlx::PgConnection;
use tracing::Span;
use tracing::field::{Empty, display};

use crate::advance::advance;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::lease::end;
use crate::lease::held::{self, Held};
use crate::run;
use crate::run::machine::Event;
use crate::run::owner::Owner;
use crate::run::report::Shown;
use crate::study;

const LOST: WriteReply = WriteReply { outcome: WriteOutcome::Lost, directive: Directive::Stop, ttl_ms: 0 };
const UNKNOWN: WriteReply =
    WriteReply { outcome: WriteOutcome::Unknown, directive: Directive::Stop, ttl_ms: 0 };
const ENDED: WriteReply =
    WriteReply { outcome: WriteOutcome::Won, directive: Directive::Continue, ttl_ms: 0 };

/// Applies a write if the attempt holds the lease. Returns when its effects are on disk.
#[tracing::instrument(name = "write", skip_all, fields(run.id = %run, %attempt, queue.id = Empty, worker.id = Empty))]
pub(crate) async fn apply(
    app: &App,
    run: RunId,
    attempt: Attempt,
    write: &AttemptWrite,
) -> ApiResult<WriteReply> {
    let Applied { reply, ended, faulty } = commit(app, run, attempt, write).await?;
    if let Some((study, why)) = faulty {
        study::end_by_fault(&app.studies, study, &why).await?;
    }
    let Some(owner) = ended else {
        app.durable.flushed().await?;
        return Ok(reply);
    };
    // The answer says nothing of what the study does next: that need not be on disk.
    let (advanced, flushed) = tokio::join!(advance(&app.studies, owner), app.durable.flushed());
    if let Err(error) = advanced {
        // The end is written; the reconciler moves the owner on.
        tracing::warn!(error = &error as &dyn std::error::Error, ?owner, "not moved on yet");
    }
    flushed.map(|()| reply)
}

/// What a write has done.
#[derive(Debug)]
struct Applied {
    reply: WriteReply,
    /// The owner of the run, if the attempt has ended.
    ended: Option<Owner>,
    /// A study that must end because of a fault of this program, and the sentence that says which.
    faulty: Option<(StudyId, String)>,
}

impl Applied {
    const fn only(reply: WriteReply) -> Self {
        Self { reply, ended: None, faulty: None }
    }
}

/// Applies the write in one transaction.
async fn commit(app: &App, run: RunId, attempt: Attempt, write: &AttemptWrite) -> ApiResult<Applied> {
    check(write)?;
    let _admitted = app.admit().await?;
    held::open(&app.pool, run, attempt, async |db, held| {
        let Some(mut held) = held else { return Ok(Applied::only(UNKNOWN)) };
        Span::current().record("queue.id", display(held.queue)).record("worker.id", display(held.worker));
        if !held.is_live() {
            // The answer to the end may have been lost: the very same end, sent again, is still won.
            let again = held.end_write.is_some() && held.end_write.as_ref() == write.parts().last();
            return Ok(Applied::only(if again { ENDED } else { LOST }));
        }
        let directive = perform(db, &mut held, write.parts()).await?;
        let faulty = held.fault.take().map(|why| (StudyId(held.queue.0), why));
        if write.is_end() {
            return Ok(Applied { reply: ENDED, ended: Some(held.owner()), faulty });
        }
        held::renew(db, &held, app.lease_ttl).await?;
        let reply = WriteReply { outcome: WriteOutcome::Won, directive, ttl_ms: app.lease_ttl_ms() };
        Ok(Applied { reply, ended: None, faulty })
    })
    .await
}

/// The answer to a write of an attempt that does not hold the lease; `None` if the attempt holds it.
pub(crate) async fn refusal(app: &App, run: RunId, attempt: Attempt) -> ApiResult<Option<WriteReply>> {
    let refusal = async |_: &mut PgConnection, held: Option<Held>| match held {
        None => Ok(Some(UNKNOWN)),
        Some(held) if !held.is_live() => Ok(Some(LOST)),
        Some(_) => Ok(None),
    };
    held::open(&app.pool, run, attempt, refusal).await
}

/// Does `work` if the attempt holds the lease, and renews it.
pub(crate) async fn with_held(
    app: &App,
    run: RunId,
    attempt: Attempt,
    work: impl AsyncFnOnce(&mut PgConnection) -> ApiResult<()>,
) -> ApiResult<WriteReply> {
    held::open(&app.pool, run, attempt, async |db, held| {
        let Some(held) = held else { return Ok(UNKNOWN) };
        if !held.is_live() {
            return Ok(LOST);
        }
        work(db).await?;
        held::renew(db, &held, app.lease_ttl).await?;
        let directive = directive(&held);
        Ok(WriteReply { outcome: WriteOutcome::Won, directive, ttl_ms: app.lease_ttl_ms() })
    })
    .await
}

/// Refuses writes that are wrong in every state.
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

/// Applies the writes in their order. Answers what the worker does next.
async fn perform(db: &mut PgConnection, held: &mut Held, writes: &[AttemptWrite]) -> ApiResult<Directive> {
    let is_report = |write: &AttemptWrite| matches!(write, AttemptWrite::Report { .. });
    let ends = writes.last().is_some_and(AttemptWrite::is_end);
    // Neighbouring reports are stored together.
    for group in writes.chunk_by(|one, next| is_report(one) && is_report(next)) {
        match &group[0] {
            AttemptWrite::Renew | AttemptWrite::Several { .. } => {}
            // The end in the same batch writes the start too: nobody can have seen the trainer run.
            AttemptWrite::Start if ends => held.started = true,
            AttemptWrite::Start => start(db, held).await?,
            AttemptWrite::Report { .. } => {
                let shown = if ends { Shown::ByTheEnd } else { Shown::ByTheReport };
                report(db, held, group, shown).await?;
            }
            AttemptWrite::DaptReport { metrics } => {
                held.must_be(RunKind::Dapt, "reports held-out text")?;
                run::report::record_dapt(db, held, metrics).await?;
            }
            AttemptWrite::Log { offset, text } => {
                run::log::append(db, held.run, held.attempt, *offset, text).await?;
            }
            AttemptWrite::End { end, artifacts, .. } => {
                end::by_worker(db, held, &group[0], end, artifacts).await?;
            }
        }
    }
    Ok(directive(held))
}

fn directive(held: &Held) -> Directive {
    match (held.is_over(), held.prune_reason.is_some(), held.hand_back) {
        (true, _, _) => Directive::Stop,
        (false, true, _) => Directive::Prune,
        (false, false, true) => Directive::Release,
        (false, false, false) => Directive::Continue,
    }
}

/// Stores the reports of ended epochs, and shows them to the study's pruner.
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
    let metric = held.metric()?;
    held.must_train("it has no epochs")?;
    let tally = run::report::record(db, held, metric, &reports, shown).await?;
    if shown == Shown::ByTheEnd {
        held.reported = held.reported.and(tally, metric.goal);
    }
    if let Some(epoch) = reports.iter().map(|report| report.epoch).max() {
        run::prune::judge(db, held, epoch).await?;
    }
    Ok(())
}

/// Notes that the trainer has started. A repeated start changes nothing.
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
