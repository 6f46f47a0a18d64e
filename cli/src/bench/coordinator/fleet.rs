//! Simulated workers. Each speaks over HTTP as a real one does, and records the answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pedigree_protocol::client::{Client, ClientError};
use pedigree_protocol::fleet::{Device, DeviceKind, Hello};
use pedigree_protocol::lease::{
    AttemptEnd, AttemptWrite, ClaimRequest, LeaseGrant, TrainedModel, Work, WriteOutcome, WriteReply,
};
use pedigree_protocol::report::{
    EntityScore, EpochReport, ProtocolScores, RunSummary, TestResult, TestScores, TestSummary,
};
use pedigree_protocol::{Scalar, WorkerId};

use super::tally::Tally;

/// Pause before a request without an answer is sent again.
const RETRY: Duration = Duration::from_millis(50);

/// A simulated worker with one device.
#[derive(Debug, Clone)]
pub(super) struct SimulatedWorker {
    client: Client,
    id: WorkerId,
    device: String,
    tally: Arc<Tally>,
}

impl SimulatedWorker {
    pub(super) fn new(client: Client, tally: Arc<Tally>) -> Self {
        let id = WorkerId::new();
        Self { client, id, device: format!("CPU-{id}-0"), tally }
    }

    pub(super) async fn hello(&self) -> anyhow::Result<()> {
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
    pub(super) async fn claim(&self) -> anyhow::Result<LeaseGrant> {
        let request = ClaimRequest { worker_id: self.id, device_uuid: self.device.clone(), wait_ms: 20_000 };
        loop {
            if let Some(grant) = self.patiently(|| self.client.claim(&request)).await? {
                self.tally.note(grant.run_id, grant.attempt, |told| told.grants += 1);
                return Ok(grant);
            }
        }
    }

    /// Opens the test split for a final run.
    pub(super) async fn open_test(&self, grant: &LeaseGrant) -> anyhow::Result<()> {
        self.patiently(|| self.client.open_test(grant.run_id, grant.attempt)).await.map(drop)
    }

    /// Sends a write about the worker's attempt; returns whether it was won.
    pub(super) async fn write(&self, grant: &LeaseGrant, write: &AttemptWrite) -> anyhow::Result<bool> {
        let reply: WriteReply =
            self.patiently(|| self.client.write(grant.run_id, grant.attempt, write)).await?;
        let won = reply.outcome == WriteOutcome::Won;
        if won {
            self.tally.note(grant.run_id, grant.attempt, |told| {
                for part in write.parts() {
                    told.points += u32::from(matches!(part, AttemptWrite::Report { .. }));
                    told.completed |= is_completion(part);
                }
            });
        }
        Ok(won)
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
    matches!(write, AttemptWrite::End { end, .. } if matches!(**end, AttemptEnd::Completed { .. }))
}

/// Reports of `count` epochs from `first` on.
pub(super) fn reports(first: i32, count: u32) -> Vec<AttemptWrite> {
    (first..)
        .take(count as usize)
        .map(|epoch| AttemptWrite::Report { metrics: Box::new(report(epoch)) })
        .collect()
}

/// Several writes as one request; a single write stays as it is.
pub(super) fn together(mut writes: Vec<AttemptWrite>) -> AttemptWrite {
    match writes.len() {
        1 => writes.remove(0),
        _ => AttemptWrite::Several { writes },
    }
}

fn report(epoch: i32) -> EpochReport {
    EpochReport {
        epoch,
        step: i64::from(epoch) * 100,
        train_loss: 1.0 / f64::from(epoch + 1),
        dev_loss: 1.1 / f64::from(epoch + 1),
        dev: scores(1.0 - 1.0 / f64::from(epoch + 1)),
        learning_rate: 1e-3,
        gradient_norm: 0.7,
        seconds: 61.7,
        train_seconds: 55.1,
        sentences_per_second: 104.3,
        tokens_per_second: 2321.9,
        padded_tokens_per_second: 2608.1,
        peak_memory_bytes: 1 << 30,
        carried: false,
    }
}

/// The end of a completed run. Its scores are a smooth function of its parameters.
pub(super) fn completed(grant: &LeaseGrant, epochs: i32) -> AttemptWrite {
    let objective = objective(grant);
    let end = match &grant.work {
        Work::Test { models, .. } => tested(models, objective),
        Work::Train { .. } | Work::Adapt { .. } => trained(objective, epochs),
    };
    AttemptWrite::End { end: Box::new(end), artifacts: Vec::new(), energy: None }
}

fn trained(objective: f64, epochs: i32) -> AttemptEnd {
    let summary = RunSummary {
        best_epoch: epochs,
        epochs,
        stopped_early: false,
        objective,
        dev: scores(objective),
        dev_loss: Some(1.1 / f64::from(epochs + 1)),
        trainable_parameters: 10,
        seconds: 617.0,
        peak_memory_bytes: 1 << 30,
    };
    AttemptEnd::Completed { summary: Box::new(summary) }
}

fn tested(models: &[TrainedModel], objective: f64) -> AttemptEnd {
    let scored = |model: &TrainedModel| TestResult {
        run_id: model.run_id,
        seed: model.seed,
        scores: TestScores {
            overall: scores(objective),
            per_type: BTreeMap::from([("Drug".into(), scores(objective))]),
            sentences: 1,
            windowed_sentences: 0,
            orphan_tags: 0,
        },
    };
    let results = models.iter().map(scored).collect();
    AttemptEnd::Tested {
        summary: Box::new(TestSummary { results, seconds: 17.0, peak_memory_bytes: 1 << 30 }),
    }
}

/// The end of an attempt that hands back its run.
pub(super) fn released() -> AttemptWrite {
    AttemptWrite::End { end: Box::new(AttemptEnd::Released), artifacts: Vec::new(), energy: None }
}

fn objective(grant: &LeaseGrant) -> f64 {
    let value = |name| match grant.work.job().params.get(name) {
        Some(Scalar::Float(value)) => *value,
        _ => 0.0,
    };
    let (rate, dropout) = (value("learning_rate").max(1e-9).log10() + 3.0, value("lora_dropout") - 0.1);
    (-(rate * rate + dropout * dropout)).exp()
}

fn scores(f1: f64) -> ProtocolScores {
    let score = EntityScore {
        precision: f1,
        recall: f1,
        f1,
        true_positives: 812,
        false_positives: 143,
        false_negatives: 151,
    };
    ProtocolScores { strict: score, conlleval: score, subtoken_all: None }
}
