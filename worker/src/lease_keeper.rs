//! The lease of one attempt, as its holder sees it. Every write goes through here; only this module knows whether the
//! attempt still holds its lease.
//!
//! A lease is lost when the coordinator says so. Silence says nothing: the coordinator is away, and its leases wait for
//! its return. If the run has gone to somebody else meanwhile, no write of this attempt counts.
//!
//! Must not know what is written, nor how a trainer is stopped.

use std::sync::Arc;
use std::time::Duration;

use backon::Retryable as _;
use pedigree_protocol::client::{Client, ClientError};
use pedigree_protocol::lease::{AttemptWrite, WriteOutcome, WriteReply};
use pedigree_protocol::{Attempt, ErrorCode, RunId};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::held_attempt::HeldAttempt;
use crate::renewal::RenewalSchedule;
use crate::retry::{RequestError, pauses, within};
use crate::stop_reason::StopReason;
use crate::token_watch::TokenWatch;

/// A held lease.
#[derive(Debug)]
pub(crate) struct Lease {
    client: Client,
    token: Arc<TokenWatch>,
    run: RunId,
    attempt: Attempt,
    state: watch::Sender<LeaseState>,
}

#[derive(Debug, Clone, Copy)]
struct LeaseState {
    renewals: RenewalSchedule,
    /// Why the attempt must stop; `None` while it may go on.
    stop: Option<StopReason>,
}

/// What became of a write that was repeated until it was answered.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// It counts.
    Accepted,
    /// The lease is lost; it does not count.
    Lost,
    /// Repeating it cannot help.
    Refused(RequestError),
}

impl Lease {
    /// A lease that was granted to a request made at `asked`.
    pub(crate) fn new(
        client: Client,
        token: Arc<TokenWatch>,
        held: &HeldAttempt,
        asked: Instant,
    ) -> Arc<Self> {
        let renewals = RenewalSchedule::new(asked, Duration::from_millis(held.ttl_ms.into()));
        let state = watch::Sender::new(LeaseState { renewals, stop: None });
        Arc::new(Self { client, token, run: held.run_id, attempt: held.attempt, state })
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
            Ok(reply) => self.learn(asked, reply),
            Err(error) if error.code() == Some(ErrorCode::NotFound) => self.lose(),
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
        let written = (|| self.write(write))
            .retry(pauses())
            .when(RequestError::may_pass)
            .notify(|error, _| tracing::debug!(%error, "a write was not answered"));
        match written.await {
            Ok(WriteOutcome::Won) => Delivery::Accepted,
            Ok(WriteOutcome::Lost | WriteOutcome::Unknown) => Delivery::Lost,
            Err(error) if error.code() == Some(ErrorCode::NotFound) => {
                self.lose();
                Delivery::Lost
            }
            Err(error) => Delivery::Refused(error),
        }
    }

    async fn write(&self, write: &AttemptWrite) -> Result<WriteOutcome, RequestError> {
        let asked = Instant::now();
        let limit = self.renewals().request_limit();
        let answer = within(limit, self.client.write(self.run, self.attempt, write)).await;
        self.token.notice(&answer);
        let reply = answer?;
        self.learn(asked, reply);
        Ok(reply.outcome)
    }

    fn renewals(&self) -> RenewalSchedule {
        self.state.borrow().renewals
    }

    fn learn(&self, asked: Instant, reply: WriteReply) {
        if reply.outcome != WriteOutcome::Won {
            return self.lose();
        }
        let newer = RenewalSchedule::new(asked, Duration::from_millis(reply.ttl_ms.into()));
        self.state.send_modify(|state| {
            state.renewals = state.renewals.or_later(newer);
            // A lost lease stays lost, whatever a late answer says.
            if state.stop != Some(StopReason::Lost) {
                state.stop = StopReason::of(reply.directive).or(state.stop);
            }
        });
    }

    fn lose(&self) {
        self.state.send_modify(|state| state.stop = Some(StopReason::Lost));
    }

    /// Ends when the lease is lost.
    pub(crate) async fn lost(&self) {
        self.stopped_by(|why| why == StopReason::Lost).await;
    }

    /// Ends when the attempt must stop, for whichever reason comes first.
    pub(crate) async fn stopped(&self) -> StopReason {
        self.stopped_by(|_| true).await
    }

    async fn stopped_by(&self, counts: impl Fn(StopReason) -> bool) -> StopReason {
        let mut changes = self.state.subscribe();
        loop {
            let stop = changes.borrow_and_update().stop;
            if let Some(why) = stop.filter(|why| counts(*why)) {
                return why;
            }
            // The sender lives as long as this lease: there is always another change to wait for.
            let _ = changes.changed().await;
        }
    }

    /// Renews the lease, and warns once if no answer comes within the lease's length.
    async fn renew(&self) -> Delivery {
        let renewal = self.deliver(&AttemptWrite::Renew);
        tokio::pin!(renewal);
        let overdue = self.renewals().overdue();
        tokio::select! {
            delivery = &mut renewal => return delivery,
            () = sleep_until(overdue) => {}
        }
        tracing::warn!("the coordinator is silent; training goes on, and what it reports is kept on disk");
        let delivery = renewal.await;
        tracing::info!(?delivery, "the coordinator answers again");
        delivery
    }
}

/// Renews a lease after a third of its length, until it is lost. Any write renews it, so this writes only if no other did.
pub(crate) async fn keep(lease: Arc<Lease>) {
    loop {
        let due = lease.renewals().due();
        tokio::select! {
            () = lease.lost() => return,
            () = sleep_until(due) => {}
        }
        if lease.renewals().due() > due {
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
mod tests;
