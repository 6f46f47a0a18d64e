//! Runs one trainer and watches it, from its start to what its end means.
//!
//! Owns what follows each of its events, and when it is stopped. Must not know what comes before and after it.

use std::sync::Arc;
use std::time::Duration;

use pedigree_protocol::lease::{AttemptEnd, AttemptWrite, Work};
use pedigree_protocol::resources::write_duration;
use pedigree_protocol::run::{Failure, FailureCause, RunKind};
use pedigree_trainer_core::{StdinMessage, TestSummary, TrainerEvent};
use tokio::process::Command;
use tokio::time::sleep_until;

use crate::attempt::Attempt;
use crate::checkpoints::Checkpoints;
use crate::exit::{self, LastWords, Verdict};
use crate::log_forwarder::{self, LogForwarder};
use crate::metrics::{dapt_report, dapt_summary, epoch_report, run_summary, test_summary};
use crate::oom::OomKills;
use crate::outbox::Outbox;
use crate::preparation;
use crate::stop_reason::StopReason;
use crate::trainer_process::TrainerProcess;

/// How long a trainer may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);

/// Runs a trainer from its start to its end.
pub(crate) async fn run_trainer(attempt: &Attempt<'_>) -> Result<Verdict, StopReason> {
    match start(attempt).await {
        Ok((trainer, outbox)) => supervise(attempt, trainer, outbox).await,
        Err(error) => {
            let program = attempt.host.trainer.program.display();
            let failure = exit::by_host(format!("the trainer `{program}` cannot be started: {error}"));
            Ok(Verdict::Ended(AttemptEnd::Failed { failure }))
        }
    }
}

async fn start(attempt: &Attempt<'_>) -> std::io::Result<(TrainerProcess, Outbox)> {
    let (trainer, folder) = (&attempt.host.trainer, &attempt.folder);
    let mut command = Command::new(&trainer.program);
    command.args(&trainer.arguments).args([subcommand(attempt.claim.grant.kind), "--supervised"]);
    command.arg(folder.job()).envs(attempt.slot.environment());
    // The matrix kernels count cores for themselves at every call unless told.
    command.env("RAYON_NUM_THREADS", trainer.threads.to_string());
    let process = TrainerProcess::start(command, &folder.log()).await?;
    folder.keep_trainer(process.pid())?;
    let mut outbox = Outbox::open(Arc::clone(&attempt.lease), &folder.outbox())?;
    outbox.push(AttemptWrite::Start)?;
    Ok((process, outbox))
}

/// What the trainer's program is asked to do.
const fn subcommand(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Dapt => "dapt",
        RunKind::Trial | RunKind::Final => "train",
        RunKind::Test => "test",
    }
}

async fn supervise(
    attempt: &Attempt<'_>,
    mut trainer: TrainerProcess,
    mut outbox: Outbox,
) -> Result<Verdict, StopReason> {
    let checkpoints = Checkpoints::start(Arc::clone(&attempt.lease), attempt.folder.checkpoint());
    let log = LogForwarder::start(Arc::clone(&attempt.lease), attempt.folder.log());
    let ended = until_end(attempt, &mut trainer, &mut outbox).await;
    stop(attempt, &mut trainer).await;
    let end = match &ended {
        Ok(Verdict::Ended(end)) => Some(end.clone()),
        // Another trainer follows.
        Ok(Verdict::CheckpointRefused(_)) => None,
        Err(why) => why.end(),
    };
    // The coordinator may be away, and this worker be killed before it returns.
    if let Some(end) = &end {
        attempt.keep(end);
    }
    attempt
        .within_drain(async {
            outbox.finish().await;
            log.finish().await;
            if end.as_ref().is_some_and(leaves_work) {
                checkpoints.finish().await;
            }
        })
        .await;
    ended
}

/// Follows the trainer until it ends, must be stopped, or has lost its device.
async fn until_end(
    attempt: &Attempt<'_>,
    trainer: &mut TrainerProcess,
    outbox: &mut Outbox,
) -> Result<Verdict, StopReason> {
    let failed = |failure| Verdict::Ended(AttemptEnd::Failed { failure });
    tokio::select! {
        biased;
        why = attempt.stopped() => Err(why),
        failure = overtime(attempt) => Ok(failed(failure)),
        verdict = drive(attempt, trainer, outbox) => Ok(verdict.unwrap_or_else(failed)),
        // It may hang on a GPU that does not answer, or compute nonsense on one that lost its memory.
        fault = attempt.slot.until_unfit() => Ok(failed(exit::by_gpu(attempt.slot.accuse(fault)))),
    }
}

/// Stops a trainer that may still run.
async fn stop(attempt: &Attempt<'_>, trainer: &mut TrainerProcess) {
    // What was computed on a GPU that failed must not become the run's progress.
    let grace = if attempt.slot.is_unfit() { Duration::ZERO } else { GRACE };
    // A lost lease kills at once, even where a polite stop has begun.
    tokio::select! {
        biased;
        () = attempt.lease.lost() => trainer.stop(Duration::ZERO).await,
        () = trainer.stop(grace) => {}
    }
}

/// Takes the trainer's events until there are no more, and judges its end; a failure of the worker's own ends it early.
async fn drive(
    attempt: &Attempt<'_>,
    trainer: &mut TrainerProcess,
    outbox: &mut Outbox,
) -> Result<Verdict, Failure> {
    let kills = OomKills::now();
    let mut words = LastWords::default();
    while let Some(event) = trainer.next_event().await {
        match event {
            TrainerEvent::Epoch(epoch) => {
                report(outbox, AttemptWrite::Report { metrics: Box::new(epoch_report(&epoch)) })?;
            }
            TrainerEvent::DaptEpoch(epoch) => {
                report(outbox, AttemptWrite::DaptReport { metrics: Box::new(dapt_report(&epoch)) })?;
            }
            TrainerEvent::TestWanted => open_test(attempt, trainer).await?,
            TrainerEvent::Finished(summary) => {
                words.result = Some(AttemptEnd::Completed { summary: Box::new(run_summary(&summary)) });
            }
            TrainerEvent::Tested(summary) => words.result = Some(tested(attempt, &summary)?),
            TrainerEvent::Adapted(summary) => {
                words.result = Some(AttemptEnd::Adapted { summary: Box::new(dapt_summary(&summary)) });
            }
            TrainerEvent::Failed { message, .. } => words.failure = Some(message),
            TrainerEvent::Started { .. } | TrainerEvent::Progress { .. } => tracing::trace!(?event),
        }
    }
    let status = match trainer.exit().await {
        Ok(status) => status,
        Err(error) => return Ok(crashed(format!("the trainer cannot be waited for: {error}"))),
    };
    let log = log_forwarder::tail(&attempt.folder.log()).await;
    let verdict = exit::judge(status, words, &log, kills.have_risen());
    if matches!(verdict, Verdict::Ended(AttemptEnd::Released)) {
        tracing::warn!("somebody else told the trainer to stop; the run is handed back");
    }
    Ok(verdict)
}

/// The end of a test run: the scores of exactly the models that were granted.
fn tested(attempt: &Attempt<'_>, summary: &TestSummary) -> Result<AttemptEnd, Failure> {
    match &attempt.claim.grant.work {
        Work::Test { models, .. } => test_summary(summary, models),
        Work::Train { .. } | Work::Adapt { .. } => None,
    }
    .map(|summary| AttemptEnd::Tested { summary: Box::new(summary) })
    .ok_or_else(|| exit::crashed("the trainer scored other models than it was given".to_owned()))
}

fn report(outbox: &mut Outbox, write: AttemptWrite) -> Result<(), Failure> {
    let unkept = |error| exit::by_host(format!("an epoch's report cannot be kept: {error}"));
    outbox.push(write).map_err(unkept)
}

async fn open_test(attempt: &Attempt<'_>, trainer: &mut TrainerProcess) -> Result<(), Failure> {
    let path = attempt.folder.test();
    preparation::open_test(&attempt.lease, &path).await?;
    // A trainer that does not hear has ended, and its exit status says why.
    if let Err(error) = trainer.say(&StdinMessage::Test(path)).await {
        tracing::debug!(%error, "the trainer does not listen");
    }
    Ok(())
}

/// Ends when the attempt has taken longer than its study allows; never where the study has no walltime.
async fn overtime(attempt: &Attempt<'_>) -> Failure {
    let Some(seconds) = attempt.claim.grant.walltime_s else { return std::future::pending().await };
    sleep_until(attempt.claim.asked + Duration::from_secs(seconds.into())).await;
    let message = format!("the attempt took longer than the study's walltime of {}", write_duration(seconds));
    Failure::new(FailureCause::Timeout, message)
}

fn crashed(message: String) -> Verdict {
    Verdict::Ended(AttemptEnd::Failed { failure: exit::crashed(message) })
}

/// Whether another attempt may go on where this one ended.
const fn leaves_work(end: &AttemptEnd) -> bool {
    match end {
        AttemptEnd::Released => true,
        AttemptEnd::Failed { failure } => failure.cause.is_retryable(),
        AttemptEnd::Completed { .. }
        | AttemptEnd::Tested { .. }
        | AttemptEnd::Adapted { .. }
        | AttemptEnd::Cancelled
        | AttemptEnd::Pruned => false,
    }
}
