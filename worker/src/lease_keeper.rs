//! The lease of one attempt, as its holder sees it: every write goes through here, and this alone knows whether the
//! attempt may still be acted for.
//!
//! A lease is lost when the coordinator says so. Silence says nothing: the coordinator is away, and what has been leased
//! from it waits for its return. Should the run have gone to somebody else meanwhile, no write of this attempt counts.
//!
//! Must not know what is written, nor how a trainer is stopped.

use std::sync::Arc;
use std::time::Duration;

use pedigree_protocol::client::{Client, ClientError};
use pedigree_protocol::lease::{AttemptWrite, Directive, LeaseGrant, WriteOutcome, WriteReply};
use pedigree_protocol::{Attempt, ErrorCode, RunId};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::backoff::{Backoff, is_away};
use crate::trust_window::TrustWindow;

/// A held lease.
#[derive(Debug)]
pub(crate) struct Lease {
    client: Client,
    run: RunId,
    attempt: Attempt,
    state: watch::Sender<LeaseState>,
}

#[derive(Debug, Clone, Copy)]
struct LeaseState {
    window: TrustWindow,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Held,
    /// Held, but a user cancelled the run.
    Stopped,
    /// Held, but the study's pruner ended the trial.
    Pruned,
    /// Held, but wanted back with its progress.
    Recalled,
    /// For good: no later answer can bring it back.
    Lost,
}

/// What was learnt of a lease.
#[derive(Debug, Clone, Copy)]
enum Lesson {
    Answer { asked: Instant, reply: WriteReply },
    NoSuchAttempt,
}

/// What became of a write that was repeated until it was answered.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// It counts.
    Accepted,
    /// The lease is lost; it does not count.
    Lost,
    /// Repeating it cannot help.
    Refused(ClientError),
}

/// Why an attempt may not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revocation {
    /// The lease is lost.
    Lost,
    /// A user cancelled the run.
    Stopped,
    /// The study's pruner ended the trial.
    Pruned,
    /// A user paused the run or drains this worker: it is handed back with its progress.
    Recalled,
}

impl Lease {
    /// The lease of a grant that was asked for at `asked`.
    pub(crate) fn new(client: Client, grant: &LeaseGrant, asked: Instant) -> Arc<Self> {
        let window = TrustWindow::new(asked, Duration::from_millis(grant.ttl_ms.into()));
        let state = watch::Sender::new(LeaseState { window, standing: Standing::Held });
        Arc::new(Self { client, run: grant.run_id, attempt: grant.attempt, state })
    }

    /// The coordinator's client.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Opens the test split for this attempt, which must be a final run's. Not repeated.
    pub(crate) async fn open_test(&self) -> Result<bytes::Bytes, ClientError> {
        self.client.open_test(self.run, self.attempt).await
    }

    /// The progress that an earlier attempt stored.
    pub(crate) async fn fetch_checkpoint(&self) -> Result<bytes::Bytes, ClientError> {
        self.client.checkpoint(self.run, self.attempt).await
    }

    /// Stores the trainer's progress, once; a lost lease is learnt from the answer.
    pub(crate) async fn store_checkpoint(&self, content: bytes::Bytes) -> Result<(), ClientError> {
        let asked = Instant::now();
        match self.client.put_checkpoint(self.run, self.attempt, content).await {
            Ok(reply) => self.learn(Lesson::Answer { asked, reply }),
            Err(error) if error.code() == Some(ErrorCode::NotFound) => self.learn(Lesson::NoSuchAttempt),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Repeats a write until it is answered or the lease is lost.
    pub(crate) async fn deliver(&self, write: &AttemptWrite) -> Delivery {
        tokio::select! {
            biased;
            () = self.lost() => Delivery::Lost,
            delivery = self.repeat(write) => delivery,
        }
    }

    async fn repeat(&self, write: &AttemptWrite) -> Delivery {
        let mut backoff = Backoff::new();
        loop {
            let asked = Instant::now();
            let limit = self.state.borrow().window.request_limit();
            match timeout(limit, self.client.write(self.run, self.attempt, write)).await {
                Ok(Ok(reply)) => {
                    self.learn(Lesson::Answer { asked, reply });
                    return if reply.outcome == WriteOutcome::Won {
                        Delivery::Accepted
                    } else {
                        Delivery::Lost
                    };
                }
                Ok(Err(error)) if error.code() == Some(ErrorCode::NotFound) => {
                    self.learn(Lesson::NoSuchAttempt);
                    return Delivery::Lost;
                }
                Ok(Err(error)) if is_away(&error) => tracing::debug!(%error, "a write was not answered"),
                Ok(Err(error)) => return Delivery::Refused(error),
                Err(_) => tracing::debug!(limit_ms = limit.as_millis(), "a write was not answered in time"),
            }
            backoff.wait().await;
        }
    }

    /// The one place where the lease's state changes.
    fn learn(&self, lesson: Lesson) {
        self.state.send_modify(|state| {
            if state.standing == Standing::Lost {
                return;
            }
            match lesson {
                Lesson::Answer { asked, reply } if reply.outcome == WriteOutcome::Won => {
                    let ttl = Duration::from_millis(reply.ttl_ms.into());
                    state.window = state.window.or_later(TrustWindow::new(asked, ttl));
                    match reply.directive {
                        Directive::Stop => state.standing = Standing::Stopped,
                        Directive::Prune => state.standing = Standing::Pruned,
                        Directive::Release => state.standing = Standing::Recalled,
                        Directive::Continue => {}
                    }
                }
                Lesson::Answer { .. } | Lesson::NoSuchAttempt => state.standing = Standing::Lost,
            }
        });
    }

    /// Ends when the lease is lost.
    pub(crate) async fn lost(&self) {
        self.revoked_from(|standing| standing == Standing::Lost).await;
    }

    /// Ends when the attempt may not go on, for whichever reason comes first.
    pub(crate) async fn revoked(&self) -> Revocation {
        self.revoked_from(|standing| standing != Standing::Held).await
    }

    async fn revoked_from(&self, is_end: impl Fn(Standing) -> bool) -> Revocation {
        let mut changes = self.state.subscribe();
        loop {
            let state = *changes.borrow_and_update();
            if is_end(state.standing) {
                return match state.standing {
                    Standing::Pruned => Revocation::Pruned,
                    Standing::Stopped => Revocation::Stopped,
                    Standing::Recalled => Revocation::Recalled,
                    Standing::Held | Standing::Lost => Revocation::Lost,
                };
            }
            // The sender lives as long as this lease: there is always another change to wait for.
            let _ = changes.changed().await;
        }
    }

    /// Renews the lease, and says so once when no answer comes for as long as it lasts.
    async fn renew(&self) -> Delivery {
        let renewal = self.deliver(&AttemptWrite::Renew);
        tokio::pin!(renewal);
        let closes = self.state.borrow().window.closes();
        tokio::select! {
            delivery = &mut renewal => return delivery,
            () = sleep_until(closes) => {}
        }
        tracing::warn!("the coordinator is silent; training goes on, and what it reports is kept on disk");
        let delivery = renewal.await;
        tracing::info!(?delivery, "the coordinator answers again");
        delivery
    }
}

/// Renews a lease at a third of its time, until it is lost. Other writes renew it too, so that this speaks only when
/// they are silent.
pub(crate) async fn keep(lease: Arc<Lease>) {
    loop {
        let due = lease.state.borrow().window.renew_at();
        tokio::select! {
            () = lease.lost() => return,
            () = sleep_until(due) => {}
        }
        if lease.state.borrow().window.renew_at() > due {
            continue;
        }
        match lease.renew().await {
            Delivery::Accepted => {}
            Delivery::Lost => return,
            Delivery::Refused(error) => {
                tracing::error!(%error, "the coordinator refuses to renew the lease");
                return lease.lost().await;
            }
        }
    }
}

#[cfg(test)]
#[path = "lease_keeper_tests.rs"]
pub(crate) mod tests;
