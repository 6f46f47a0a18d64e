//! Leases: what a worker asks for, is granted, and learns from each of its writes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::artifact::{ArtifactFile, Sha256};
use crate::dapt::{DaptReport, DaptSummary};
use crate::energy::Energy;
use crate::id::{Attempt, QueueId, RunId, WorkerId};
use crate::objective::ScoringProtocol;
use crate::params::{ParamValues, Scalar};
use crate::report::{EpochReport, RunSummary, TestSummary};
use crate::run::{Failure, RunKind};

/// A worker asks for work on one idle device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaimRequest {
    /// Who asks.
    pub worker_id: WorkerId,
    /// UUID of the GPU (or CPU slot) that is free.
    pub device_uuid: String,
    /// How long the coordinator may hold the request until there is work, milliseconds.
    #[serde(default)]
    pub wait_ms: u32,
}

/// One run, leased to one worker on one device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LeaseGrant {
    /// The run.
    pub run_id: RunId,
    /// The attempt: the fencing token that every write names.
    pub attempt: Attempt,
    /// The entry of the queue that the run belongs to.
    pub queue_id: QueueId,
    /// Name of its study or pretraining, for logs.
    pub queue_name: String,
    /// What the run is for.
    pub kind: RunKind,
    /// Number of the trial.
    pub number: Option<i32>,
    /// Milliseconds from the grant until the lease ends unless renewed.
    pub ttl_ms: u32,
    /// What to train.
    pub work: Work,
    /// Seconds after which the attempt is ended as timed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walltime_s: Option<u32>,
    /// The progress that an earlier attempt stored; fetch it and go on from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<StoredCheckpoint>,
}

/// Progress of a run that the coordinator keeps until the run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StoredCheckpoint {
    /// The attempt that stored it.
    pub attempt: Attempt,
    /// Size of the content.
    pub bytes: i64,
}

/// What the trainer is to do; content is named by its hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Fine-tune the backbone on a dataset.
    Train {
        /// Parameters, seed and backbone.
        job: WorkJob,
        /// The scoring protocol of the objective.
        protocol: ScoringProtocol,
        /// Hash of the training split.
        train: Sha256,
        /// Hash of the development split.
        dev: Sha256,
    },
    /// Pretrain the backbone on raw text.
    Adapt {
        /// Parameters, seed and backbone.
        job: WorkJob,
        /// Hash of the text to train on.
        passages: Sha256,
        /// Hash of the text to measure on.
        held_out: Sha256,
    },
    /// Score trained models on the test split, which the coordinator hands out when it is asked for.
    Test {
        /// Seed and backbone; the parameters are those that the models were trained with.
        job: WorkJob,
        /// Hash of the training split: mistakes are counted apart for forms that it holds.
        train: Sha256,
        /// The models.
        models: Vec<TrainedModel>,
    },
}

impl Work {
    /// What every kind of work has.
    pub const fn job(&self) -> &WorkJob {
        match self {
            Self::Train { job, .. } | Self::Adapt { job, .. } | Self::Test { job, .. } => job,
        }
    }
}

/// A model that a run has trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrainedModel {
    /// The run.
    pub run_id: RunId,
    /// Seed of its training.
    pub seed: i64,
    /// The files of its adapter, by their names within the adapter's folder.
    pub adapter: Vec<ArtifactFile>,
}

/// What every kind of work has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorkJob {
    /// Searched and fixed parameters together, by the trainer's names.
    #[schema(value_type = std::collections::BTreeMap<String, Scalar>)]
    pub params: ParamValues,
    /// Seed of the training.
    pub seed: i64,
    /// Files of the backbone.
    pub backbone: Vec<ArtifactFile>,
    /// Name of the backbone, for the adapter's card.
    pub backbone_name: String,
}

/// What became of a worker's write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriteOutcome {
    /// The attempt holds the lease; the write counts.
    Won,
    /// The attempt has ended or its lease is lost; nothing was written. Stop.
    Lost,
    /// No such attempt.
    Unknown,
}

/// What the worker should do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Directive {
    /// Go on.
    Continue,
    /// Stop the trainer: a user cancelled the run.
    Stop,
    /// Stop the trainer: the study's pruner ended the trial.
    Prune,
    /// Stop the trainer and hand the run back with its progress: a user paused it, or drains the worker.
    Release,
}

/// The answer to every write that names an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WriteReply {
    /// What became of the write.
    pub outcome: WriteOutcome,
    /// What to do next.
    pub directive: Directive,
    /// Milliseconds from the answer until the lease ends, where the attempt holds it. A write renews the lease.
    pub ttl_ms: u32,
}

/// What a worker reports about a live attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AttemptWrite {
    /// Still at work; renews the lease.
    Renew,
    /// The trainer has started.
    Start,
    /// An epoch ended.
    Report {
        /// Its metrics.
        metrics: Box<EpochReport>,
    },
    /// An epoch of a pretraining ended.
    DaptReport {
        /// Its metrics.
        metrics: Box<DaptReport>,
    },
    /// More of the log.
    Log {
        /// Byte offset of `text`; a slice that is there already is not doubled.
        offset: i64,
        /// The text.
        text: String,
    },
    /// The attempt has ended.
    End {
        /// How.
        end: Box<AttemptEnd>,
        /// What it leaves; each content has been uploaded before.
        artifacts: Vec<ArtifactFile>,
        /// What its GPU took.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        energy: Option<Energy>,
    },
    /// Several of the others at once, in their order, as after an outage: all of them count, or none. An end comes last.
    Several {
        /// The writes.
        #[schema(no_recursion)]
        writes: Vec<AttemptWrite>,
    },
}

impl AttemptWrite {
    /// The single writes, in their order.
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::Several { writes } => writes,
            one => std::slice::from_ref(one),
        }
    }

    /// Whether the attempt ends with it.
    pub fn is_end(&self) -> bool {
        matches!(self.parts().last(), Some(Self::End { .. }))
    }
}

/// How an attempt ended, as its worker saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum AttemptEnd {
    /// With a result.
    Completed {
        /// The result.
        summary: Box<RunSummary>,
    },
    /// With the scores of a test run.
    Tested {
        /// The result.
        summary: Box<TestSummary>,
    },
    /// With a pretraining's result.
    Adapted {
        /// The result.
        summary: Box<DaptSummary>,
    },
    /// By a failure.
    Failed {
        /// Which.
        failure: Failure,
    },
    /// Handed back unfinished by a worker that drains; not the run's fault.
    Released,
    /// Stopped because the coordinator said so.
    Cancelled,
    /// Stopped because the study's pruner said so.
    Pruned,
}
