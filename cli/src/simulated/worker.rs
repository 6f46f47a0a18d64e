//! Simulated workers. Each speaks over HTTP as a real one does, and records the answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pedigree_protocol::WorkerId;
use pedigree_protocol::client::{Client, ClientError};
use pedigree_protocol::fleet::{Device, DeviceKind, Hello};
use pedigree_protocol::lease::{
    AttemptEnd, AttemptWrite, ClaimRequest, LeaseGrant, WriteOutcome, WriteReply,
};

use super::tally::Tally;

/// Pause before a request without an answer is sent again.
const RETRY: Duration = Duration::from_millis(50);

/// A simulated worker with one device.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedWorker {
    client: Client,
    id: WorkerId,
    device: String,
    tally: Arc<Tally>,
}

impl SimulatedWorker {
    pub(crate) fn new(client: Client, tally: Arc<Tally>) -> Self {
        let id = WorkerId::new();
        Self { client, id, device: format!("CPU-{id}-0"), tally }
    }

    pub(crate) async fn hello(&self) -> anyhow::Result<()> {
        let device = Device {
            uuid: self.device.clone(),
            kind: DeviceKind::Cpu,
            name: "simulated".into(),
            memory_bytes: None,
            unavailable: None,
        };
        let hello = Hello {
            worker_id: self.id,
            name: "simulated".into(),
            pid: 1,
            version: env!("CARGO_PKG_VERSION").into(),
            devices: vec![device],
            remaining_s: None,
            follows: None,
            unfit: Vec::new(),
        };
        self.patiently(|| self.client.hello(&hello)).await?;
        Ok(())
    }

    /// Asks for work until there is some.
    pub(crate) async fn claim(&self) -> anyhow::Result<LeaseGrant> {
        loop {
            if let Some(grant) = self.try_claim(20_000).await? {
                return Ok(grant);
            }
        }
    }

    /// Asks for work once, and waits this long for it.
    pub(crate) async fn try_claim(&self, wait_ms: u32) -> anyhow::Result<Option<LeaseGrant>> {
        let request = ClaimRequest { worker_id: self.id, device_uuid: self.device.clone(), wait_ms };
        let granted = self.patiently(|| self.client.claim(&request)).await?;
        if let Some(grant) = &granted {
            self.tally.note(grant.run_id, grant.attempt, |told| told.grants += 1);
        }
        Ok(granted)
    }

    /// Opens the test split for a test run.
    pub(crate) async fn open_test(&self, grant: &LeaseGrant) -> anyhow::Result<()> {
        self.patiently(|| self.client.open_test(grant.run_id, grant.attempt)).await.map(drop)
    }

    /// Sends a write about the worker's attempt; returns whether it was won.
    pub(crate) async fn write(&self, grant: &LeaseGrant, write: &AttemptWrite) -> anyhow::Result<bool> {
        Ok(self.tell(grant, write).await?.outcome == WriteOutcome::Won)
    }

    /// Sends a write about the worker's attempt; returns the answer.
    pub(crate) async fn tell(&self, grant: &LeaseGrant, write: &AttemptWrite) -> anyhow::Result<WriteReply> {
        let reply: WriteReply =
            self.patiently(|| self.client.write(grant.run_id, grant.attempt, write)).await?;
        if reply.outcome == WriteOutcome::Won {
            self.tally.note(grant.run_id, grant.attempt, |told| {
                for part in write.parts() {
                    told.points += u32::from(matches!(part, AttemptWrite::Report { .. }));
                    told.completed |= is_completion(part);
                }
            });
        }
        Ok(reply)
    }

    /// Repeats a request that got no answer, as a real worker does.
    async fn patiently<T, F: Future<Output = Result<T, ClientError>>>(
        &self,
        mut request: impl FnMut() -> F,
    ) -> anyhow::Result<T> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match request().await {
                Err(error) if error.is_transient() && Instant::now() < deadline => {
                    self.tally.note_repetition();
                    tokio::time::sleep(RETRY).await;
                }
                answer => return Ok(answer?),
            }
        }
    }
}

fn is_completion(write: &AttemptWrite) -> bool {
    matches!(write, AttemptWrite::End { end, .. } if matches!(**end, AttemptEnd::Completed { .. } | AttemptEnd::Tested { .. }))
}
