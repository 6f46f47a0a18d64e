//! What the coordinator knows of this worker: its hello, said again whenever that changes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pedigree_protocol::WorkerId;
use pedigree_protocol::client::{Client, ClientError};
use pedigree_protocol::fleet::Hello;
use tokio::time::{Instant, timeout};

use crate::backoff::{ANSWER_LIMIT, Backoff};

/// What the coordinator has been told of this worker.
#[derive(Debug)]
pub(crate) struct Roster {
    client: Client,
    /// When this worker stops, where that is known.
    ends: Option<Instant>,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    hello: Hello,
    lease_ttl: Duration,
}

impl Roster {
    pub(crate) fn new(client: Client, hello: Hello, ends: Option<Instant>) -> Self {
        // Replaced by the coordinator's at the first hello, before anything is claimed.
        let lease_ttl = Duration::from_secs(30);
        Self { client, ends, known: Mutex::new(Known { hello, lease_ttl }) }
    }

    fn with_known<T>(&self, use_it: impl FnOnce(&mut Known) -> T) -> T {
        // Every change is a single assignment, so that a panic elsewhere leaves nothing half done.
        use_it(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// This worker.
    pub(crate) fn worker_id(&self) -> WorkerId {
        self.with_known(|known| known.hello.worker_id)
    }

    /// How long a lease lasts, by the last welcome.
    pub(crate) fn lease_ttl(&self) -> Duration {
        self.with_known(|known| known.lease_ttl)
    }

    /// Says hello once; tells whether it was answered in time.
    pub(crate) async fn announce(&self) -> Result<bool, ClientError> {
        let left = self.ends.map(|end| end.saturating_duration_since(Instant::now()).as_secs());
        let remaining_s = left.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
        let hello = Hello { remaining_s, ..self.with_known(|known| known.hello.clone()) };
        let Ok(welcome) = timeout(ANSWER_LIMIT, self.client.hello(&hello)).await else { return Ok(false) };
        let welcome = welcome?;
        let lease_ttl = Duration::from_millis(welcome.lease_ttl_ms.into());
        self.with_known(|known| known.lease_ttl = lease_ttl);
        tracing::info!(worker.id = %hello.worker_id, devices = hello.devices.len(), "the coordinator knows this worker");
        Ok(true)
    }

    /// Says hello until it is heard.
    pub(crate) async fn announce_until_heard(&self) {
        let mut backoff = Backoff::new();
        loop {
            match self.announce().await {
                Ok(true) => return,
                answer => tracing::debug!(error = ?answer.err(), "hello was not heard"),
            }
            backoff.wait().await;
        }
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
            self.announce_until_heard().await;
        }
    }
}
