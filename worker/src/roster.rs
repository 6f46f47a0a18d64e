//! What the coordinator knows of this worker: its hello, said again whenever that changes.
//!
//! Owns which faults the coordinator has not heard of yet. Must not know what a fault means.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::Retryable as _;
use pedigree_protocol::WorkerId;
use pedigree_protocol::client::Client;
use pedigree_protocol::fleet::Hello;
use tokio::time::Instant;

use crate::retry::{ANSWER_LIMIT, RequestError, pauses, within};
use crate::token_watch::TokenWatch;
use crate::untold_faults::UntoldFaults;

/// What the coordinator has been told about this worker.
#[derive(Debug)]
pub(crate) struct Roster {
    client: Client,
    token: Arc<TokenWatch>,
    /// When this worker stops, where that is known.
    ends: Option<Instant>,
    untold: UntoldFaults,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    /// The next hello; `unfit` lists a GPU until the coordinator has heard of its fault, once.
    hello: Hello,
    lease_ttl: Duration,
}

impl Roster {
    pub(crate) fn new(
        client: Client,
        token: Arc<TokenWatch>,
        hello: Hello,
        untold: UntoldFaults,
        ends: Option<Instant>,
    ) -> Self {
        // Replaced by the coordinator's at the first hello, before anything is claimed.
        let lease_ttl = Duration::from_secs(30);
        Self { client, token, ends, untold, known: Mutex::new(Known { hello, lease_ttl }) }
    }

    fn with_known<T>(&self, use_it: impl FnOnce(&mut Known) -> T) -> T {
        // No change can panic half way, so that a panic elsewhere leaves nothing half done.
        use_it(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn hello(&self) -> Hello {
        self.with_known(|known| known.hello.clone())
    }

    /// This worker.
    pub(crate) fn worker_id(&self) -> WorkerId {
        self.with_known(|known| known.hello.worker_id)
    }

    /// How long a lease lasts, by the last welcome.
    pub(crate) fn lease_ttl(&self) -> Duration {
        self.with_known(|known| known.lease_ttl)
    }

    /// Says hello once.
    pub(crate) async fn announce(&self) -> Result<(), RequestError> {
        let left = self.ends.map(|end| end.saturating_duration_since(Instant::now()).as_secs());
        let remaining_s = left.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
        let hello = Hello { remaining_s, ..self.hello() };
        let answer = within(ANSWER_LIMIT, self.client.hello(&hello)).await;
        self.token.notice(&answer);
        let welcome = answer?;
        self.token.expiry.learn(welcome.token_expires_in_s);
        let lease_ttl = Duration::from_millis(welcome.lease_ttl_ms.into());
        self.with_known(|known| {
            known.lease_ttl = lease_ttl;
            // Said again, a fault would take a GPU out of use that a user has released meanwhile.
            known.hello.unfit.retain(|uuid| !hello.unfit.contains(uuid));
        });
        self.untold.forget(&hello.unfit);
        tracing::info!(worker.id = %hello.worker_id, devices = hello.devices.len(), "the coordinator knows this worker");
        Ok(())
    }

    /// Says hello until it is heard.
    ///
    /// # Errors
    /// Only when the coordinator serves another release.
    pub(crate) async fn announce_until_heard(&self) -> Result<(), RequestError> {
        let unheard = |error: &RequestError, _| tracing::debug!(%error, "hello was not heard");
        let may_be_heard = |error: &RequestError| !error.is_other_release();
        (|| self.announce()).retry(pauses()).when(may_be_heard).notify(unheard).await
    }

    /// Says hello until it is heard or refused. The next claim meets the same refusal.
    async fn announce_change(&self) {
        if let Err(error) = self.announce_until_heard().await {
            tracing::warn!(%error, "the coordinator refuses this worker");
        }
    }

    /// Tells the coordinator that nothing can be computed on a device any more. Until that is heard, it is kept on disk.
    pub(crate) async fn set_unfit(&self, uuid: &str, sentence: String) {
        tracing::error!(gpu.uuid = uuid, sentence, "a GPU has failed");
        self.untold.keep(uuid, &sentence);
        self.with_known(|known| {
            known.hello.unfit.push(uuid.to_owned());
            if let Some(device) = known.hello.devices.iter_mut().find(|device| device.uuid == uuid) {
                device.unavailable = Some(sentence);
            }
        });
        self.announce_change().await;
    }

    /// Tells the coordinator why a device is not offered now, where that changed.
    pub(crate) async fn set_unavailable(&self, uuid: &str, sentence: Option<String>) {
        let changed = self.with_known(|known| {
            let device = known.hello.devices.iter_mut().find(|device| device.uuid == uuid);
            device.is_some_and(|device| {
                std::mem::replace(&mut device.unavailable, sentence.clone()) != sentence
            })
        });
        if changed {
            tracing::info!(gpu.uuid = uuid, unavailable = sentence, "a GPU's availability changed");
            self.announce_change().await;
        }
    }
}
