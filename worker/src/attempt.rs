//! One attempt from its grant to its end: prepare, train, report, leave the device, hand over the results.
//!
//! Owns the order of these steps and what each interruption means. Must not know how any of them works.

use std::sync::Arc;
use std::time::Duration;

use pedigree_protocol::lease::{AttemptEnd, AttemptWrite, LeaseGrant};
use pedigree_protocol::resources::write_duration;
use pedigree_protocol::run::{Failure, FailureCause, RunKind};
use pedigree_trainer_core::{StdinMessage, TrainerEvent};
use tokio::process::Command;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::attempt_folder::AttemptFolder;
use crate::checkpoints::Checkpoints;
use crate::claim::Claim;
use crate::drain::Drain;
use crate::energy::Meter;
use crate::exit::{self, LastWords, Verdict};
use crate::handover;
use crate::host::Host;
use crate::lease_keeper::{self, Lease, Revocation};
use crate::log_forwarder::{self, LogForwarder};
use crate::metrics::{dapt_report, dapt_summary, epoch_report, run_summary};
use crate::oom::OomKills;
use crate::outbox::Outbox;
use crate::preparation;
use crate::slot::Slot;
use crate::trainer_process::TrainerProcess;

/// What a trainer that is stopped politely may take to end.
const GRACE: Duration = Duration::from_secs(5);
/// How long a device may take to become free before the attempt's end is told regardless. The device itself is not
/// given back before: its slot claims nothing until then.
const LEAVE_LIMIT: Duration = Duration::from_secs(3);

/// How an attempt came to its end.
#[derive(Debug)]
enum Ending {
    Completed(Box<AttemptEnd>),
    Failed(Failure),
    Interrupted(Interruption),
}

/// Why an attempt was broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interruption {
    /// The lease is lost: somebody else may hold the run already.
    Lost,
    /// A user cancelled the run.
    Cancelled,
    /// The study's pruner ended the trial.
    Pruned,
    /// The worker drains, the run is wanted back, the device is not free after all, or somebody else told the trainer to stop.
    Released,
}

/// An attempt in progress.
struct Attempt<'a> {
    host: &'a Host,
    slot: &'a Slot,
    claim: Claim,
    lease: Arc<Lease>,
    folder: AttemptFolder,
    drain: &'a Drain,
}

/// Carries out what was claimed; returns when the attempt has ended and its device was left.
pub(crate) async fn carry_out(host: &Host, slot: &Slot, claim: Claim, drain: &Drain) {
    let span = span(host, &claim.grant);
    async {
        let folder = match host.folder.attempt(&claim.grant) {
            Ok(folder) => folder,
            // The lease runs out by itself; a pause keeps a full disk from using up the run's attempts.
            Err(error) => {
                tracing::error!(%error, "no folder can be made for an attempt");
                return sleep(GRACE).await;
            }
        };
        let lease = Lease::new(host.client.clone(), &claim.grant, claim.asked);
        let keeper =
            AbortOnDropHandle::new(tokio::spawn(lease_keeper::keep(Arc::clone(&lease)).in_current_span()));
        let attempt = Attempt { host, slot, claim, lease, folder, drain };
        tracing::info!("the attempt begins");
        let meter = Meter::start(slot).await;
        let ending = attempt.train().await;
        attempt.end(ending, keeper, meter).await;
    }
    .instrument(span)
    .await;
}

fn span(host: &Host, grant: &LeaseGrant) -> tracing::Span {
    tracing::info_span!(
        "attempt",
        worker.id = %host.roster.worker_id(),
        run.id = %grant.run_id,
        attempt = %grant.attempt,
        study = grant.study_name,
    )
}

impl Attempt<'_> {
    async fn interrupted(&self) -> Interruption {
        tokio::select! {
            biased;
            why = self.lease.revoked() => match why {
                Revocation::Lost => Interruption::Lost,
                Revocation::Stopped => Interruption::Cancelled,
                Revocation::Pruned => Interruption::Pruned,
                Revocation::Recalled => Interruption::Released,
            },
            () = self.drain.begun.cancelled() => Interruption::Released,
        }
    }

    async fn train(&self) -> Ending {
        let prepared = tokio::select! {
            biased;
            why = self.interrupted() => return Ending::Interrupted(why),
            prepared = preparation::prepare(self.host, self.slot, &self.lease, &self.claim.grant, &self.folder) => prepared,
        };
        if let Err(failure) = prepared {
            return Ending::Failed(failure);
        }
        // Somebody may have taken the GPU since the claim was sent.
        if let Err(sentence) = self.slot.check_idle().await {
            tracing::warn!(sentence, "the GPU is not free after all");
            return Ending::Interrupted(Interruption::Released);
        }
        match self.run_trainer().await {
            Ok(verdict) => self.understand(verdict).await,
            Err(why) => Ending::Interrupted(why),
        }
    }

    async fn understand(&self, verdict: Verdict) -> Ending {
        match verdict {
            Verdict::Completed(end) => Ending::Completed(end),
            Verdict::Failed(failure) => Ending::Failed(failure),
            Verdict::Interrupted => {
                tracing::warn!("the trainer was told to stop by somebody else; the run is handed back");
                Ending::Interrupted(Interruption::Released)
            }
            Verdict::CheckpointRefused(sentence) => Box::pin(self.train_anew(sentence)).await,
        }
    }

    /// A checkpoint that the trainer does not take up (another version wrote it, or it is damaged) must not keep the
    /// run from being trained.
    async fn train_anew(&self, sentence: String) -> Ending {
        tracing::warn!(sentence, "the trainer refuses the checkpoint; the run begins anew");
        match tokio::fs::remove_file(self.folder.checkpoint()).await {
            Ok(()) => match self.run_trainer().await {
                Ok(Verdict::CheckpointRefused(sentence)) => Ending::Failed(crash(sentence)),
                Ok(verdict) => Box::pin(self.understand(verdict)).await,
                Err(why) => Ending::Interrupted(why),
            },
            Err(_) => Ending::Failed(crash(sentence)),
        }
    }

    /// One trainer from its start to its end.
    async fn run_trainer(&self) -> Result<Verdict, Interruption> {
        match self.start().await {
            Ok((trainer, outbox)) => self.supervise(trainer, outbox).await,
            Err(error) => {
                let program = self.host.trainer.program.display();
                let sentence = format!("the trainer `{program}` cannot be started: {error}");
                Ok(Verdict::Failed(crash(sentence)))
            }
        }
    }

    async fn start(&self) -> std::io::Result<(TrainerProcess, Outbox)> {
        let mut command = Command::new(&self.host.trainer.program);
        command.args(&self.host.trainer.arguments).args([subcommand(self.claim.grant.kind), "--supervised"]);
        command.arg(self.folder.job()).envs(self.slot.environment());
        // The matrix kernels count cores for themselves at every call unless told.
        command.env("RAYON_NUM_THREADS", self.host.trainer.threads.to_string());
        let trainer = TrainerProcess::start(command, &self.folder.log()).await?;
        self.folder.keep_trainer(trainer.pid())?;
        let mut outbox = Outbox::open(Arc::clone(&self.lease), &self.folder.outbox())?;
        outbox.push(AttemptWrite::Start)?;
        Ok((trainer, outbox))
    }

    async fn supervise(
        &self,
        mut trainer: TrainerProcess,
        mut outbox: Outbox,
    ) -> Result<Verdict, Interruption> {
        let checkpoints = Checkpoints::start(Arc::clone(&self.lease), self.folder.checkpoint());
        let log = LogForwarder::start(Arc::clone(&self.lease), self.folder.log());
        let driven = tokio::select! {
            biased;
            why = self.interrupted() => Err(why),
            failure = self.overtime() => Ok(Verdict::Failed(failure)),
            result = self.drive(&mut trainer, &mut outbox) => Ok(result),
            // It may hang on a GPU that does not answer, or compute nonsense on one that lost its memory.
            fault = self.slot.until_unfit() => Ok(Verdict::Failed(exit::by_gpu(fault))),
        };
        // What was computed on a GPU that failed must not become the run's progress.
        let grace = if self.slot.is_unfit() { Duration::ZERO } else { GRACE };
        // What is lost is killed at once, even where a polite stop has begun.
        tokio::select! {
            biased;
            () = self.lease.lost() => trainer.stop(Duration::ZERO).await,
            () = trainer.stop(grace) => {}
        }
        // The coordinator may be away, and this worker be killed before it returns.
        if let Some(end) = end_of_training(&driven) {
            self.keep(&end);
        }
        self.within_drain(async {
            outbox.finish().await;
            log.finish().await;
            if leaves_work(&driven) {
                checkpoints.finish().await;
            }
        })
        .await;
        driven
    }

    /// Follows a trainer to its end.
    async fn drive(&self, trainer: &mut TrainerProcess, outbox: &mut Outbox) -> Verdict {
        let kills = OomKills::now();
        let mut words = LastWords::default();
        while let Some(event) = trainer.next_event().await {
            match event {
                TrainerEvent::Epoch(epoch) => {
                    let metrics = Box::new(epoch_report(&epoch));
                    if let Err(failure) = report(outbox, AttemptWrite::Report { metrics }) {
                        return Verdict::Failed(failure);
                    }
                }
                TrainerEvent::DaptEpoch(epoch) => {
                    let metrics = Box::new(dapt_report(&epoch));
                    if let Err(failure) = report(outbox, AttemptWrite::DaptReport { metrics }) {
                        return Verdict::Failed(failure);
                    }
                }
                TrainerEvent::TestWanted => {
                    if let Err(failure) = self.open_test(trainer).await {
                        return Verdict::Failed(failure);
                    }
                }
                TrainerEvent::Finished(summary) => {
                    words.result = Some(AttemptEnd::Completed { summary: Box::new(run_summary(&summary)) });
                }
                TrainerEvent::Adapted(summary) => {
                    words.result = Some(AttemptEnd::Adapted { summary: Box::new(dapt_summary(&summary)) });
                }
                TrainerEvent::Failed { message, .. } => words.failure = Some(message),
                TrainerEvent::Started { .. } | TrainerEvent::Progress { .. } => tracing::trace!(?event),
            }
        }
        let status = match trainer.exit().await {
            Ok(status) => status,
            Err(error) => {
                return Verdict::Failed(crash(format!("the trainer cannot be waited for: {error}")));
            }
        };
        let log = log_forwarder::tail(&self.folder.log()).await;
        exit::judge(status, words, &log, kills.have_risen())
    }

    /// Ends when the attempt has taken longer than its study allows, if it says anything.
    async fn overtime(&self) -> Failure {
        let Some(seconds) = self.claim.grant.walltime_s else { return std::future::pending().await };
        sleep_until(self.claim.asked + Duration::from_secs(seconds.into())).await;
        let message =
            format!("the attempt took longer than the study's walltime of {}", write_duration(seconds));
        Failure::new(FailureCause::Timeout, message)
    }

    async fn open_test(&self, trainer: &mut TrainerProcess) -> Result<(), Failure> {
        let path = self.folder.test();
        preparation::open_test(&self.lease, &path).await?;
        // A trainer that does not hear has ended, and its exit status says why.
        if let Err(error) = trainer.say(&StdinMessage::Test(path)).await {
            tracing::debug!(%error, "the trainer does not listen");
        }
        Ok(())
    }

    /// Leaves the device, stores what there is, and tells the end. What cannot be told before the worker must end is
    /// kept for the next one.
    async fn end(self, ending: Ending, keeper: AbortOnDropHandle<()>, meter: Option<Meter>) {
        let shown = match meter {
            Some(meter) => Some(meter.read().await),
            None => None,
        };
        let energy = shown.as_ref().and_then(|shown| shown.energy);
        let Some(end) = end_of(blame(ending, shown.and_then(|shown| shown.fault))) else {
            tracing::warn!("the lease is lost; the attempt is dropped");
            return self.folder.remove();
        };
        self.keep(&end);
        let told = async {
            if timeout(LEAVE_LIMIT, self.slot.until_left(&self.claim.idle)).await.is_err() {
                tracing::warn!("the GPU is not free yet although the trainer has ended");
            }
            handover::hand_over(&self.lease, &self.folder, (end, energy), keeper).await;
        };
        tokio::select! {
            () = told => self.folder.remove(),
            () = self.lease.lost() => {
                tracing::warn!("the lease was lost before the end was told");
                self.folder.remove();
            }
            () = self.drain.overdue.cancelled() => {
                tracing::warn!("the attempt's end was not told before the worker had to end; its next start tells it");
            }
        }
    }

    /// Keeps how the attempt ended, for a worker that comes after this one.
    fn keep(&self, end: &AttemptEnd) {
        if let Err(error) = self.folder.keep_end(end) {
            tracing::warn!(%error, "the attempt's end cannot be kept on disk; it is told while this worker lives");
        }
    }

    /// Lets something finish, unless the worker must end first.
    async fn within_drain(&self, work: impl Future<Output = ()>) {
        tokio::select! {
            () = work => {}
            () = self.drain.overdue.cancelled() => {
                tracing::warn!("not everything could be told before the worker had to end");
            }
        }
    }
}

fn blame(ending: Ending, fault: Option<String>) -> Ending {
    match (ending, fault) {
        (Ending::Failed(failure), Some(fault)) => Ending::Failed(exit::blame(failure, fault)),
        (ending, _) => ending,
    }
}

/// Whether another attempt may go on where this one ended.
fn leaves_work(ended: &Result<Verdict, Interruption>) -> bool {
    match ended {
        Ok(Verdict::Interrupted) | Err(Interruption::Released) => true,
        Ok(Verdict::Failed(failure)) => failure.cause.is_retryable(),
        Ok(Verdict::Completed(_) | Verdict::CheckpointRefused(_))
        | Err(Interruption::Lost | Interruption::Cancelled | Interruption::Pruned) => false,
    }
}

/// What the trainer's program is asked to do.
const fn subcommand(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Dapt => "dapt",
        RunKind::Trial | RunKind::Final => "train",
    }
}

fn report(outbox: &mut Outbox, write: AttemptWrite) -> Result<(), Failure> {
    outbox.push(write).map_err(|error| crash(format!("an epoch's report cannot be kept: {error}")))
}

fn crash(message: String) -> Failure {
    Failure::new(FailureCause::Crashed, message)
}

/// What is told of an ending; nothing, where nobody would listen.
fn end_of(ending: Ending) -> Option<AttemptEnd> {
    match ending {
        Ending::Completed(end) => Some(*end),
        Ending::Failed(failure) => Some(AttemptEnd::Failed { failure }),
        Ending::Interrupted(why) => end_of_interruption(why),
    }
}

/// The same of a trainer's end, unless another one follows it.
fn end_of_training(ended: &Result<Verdict, Interruption>) -> Option<AttemptEnd> {
    match ended {
        Ok(Verdict::Completed(end)) => Some(AttemptEnd::clone(end)),
        Ok(Verdict::Failed(failure)) => Some(AttemptEnd::Failed { failure: failure.clone() }),
        Ok(Verdict::Interrupted) => Some(AttemptEnd::Released),
        Ok(Verdict::CheckpointRefused(_)) => None,
        Err(why) => end_of_interruption(*why),
    }
}

const fn end_of_interruption(why: Interruption) -> Option<AttemptEnd> {
    match why {
        Interruption::Lost => None,
        Interruption::Cancelled => Some(AttemptEnd::Cancelled),
        Interruption::Pruned => Some(AttemptEnd::Pruned),
        Interruption::Released => Some(AttemptEnd::Released),
    }
}
