//! A coordinator for tests: its app over a fresh database, and short calls for what a worker does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use pedigree_protocol::access::Role;
use pedigree_protocol::artifact::{ArtifactFile, Sha256};
use pedigree_protocol::backbone::{Backbone, BackboneShape, BackboneSpec};
use pedigree_protocol::dataset::{Dataset, DatasetSpec, Split, Splits};
use pedigree_protocol::finals::Finals;
use pedigree_protocol::fleet::{Device, DeviceKind, Hello};
use pedigree_protocol::lease::{
    AttemptEnd, AttemptWrite, ClaimRequest, LeaseGrant, TrainedModel, Work, WriteOutcome, WriteReply,
};
use pedigree_protocol::method::Method;
use pedigree_protocol::objective::{Goal, Metric, MetricName, ScoringProtocol};
use pedigree_protocol::page::{LARGEST_LIMIT, PageQuery};
use pedigree_protocol::pruner::Pruner;
use pedigree_protocol::queue::LOST_RETRIES;
use pedigree_protocol::report::{
    EntityScore, EpochReport, ProtocolScores, RunSummary, TestResult, TestScores, TestSummary,
};
use pedigree_protocol::resources::Resources;
use pedigree_protocol::run::{Failure, FailureCause, Run, RunFilter, RunKind};
use pedigree_protocol::run_detail::{RunDetail, TrainDetail};
use pedigree_protocol::study::{Study, StudySpec, Transfer};
use pedigree_protocol::{Dimension, Domain, RunId, Space, WorkerId};
use sha2::{Digest, Sha256 as Hasher};
use sqlx::PgPool;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::access::rate::Rate;
use crate::app::App;
use crate::durable::Durability;
use crate::error::{ApiError, ApiResult};
use crate::events::Feed;
use crate::study::studies::Studies;
use crate::tasks::Tasks;
use crate::{artifact, backbone, dashboard, dataset, fleet, lease, reconcile, run, seal, study};

/// A coordinator's app over a fresh database, without listener and upkeep.
pub(crate) struct Coordinator {
    pub(crate) app: App,
    folder: TempDir,
}

pub(crate) const TRAIN: &[u8] = b"Aspirin\tB-Drug\n";
pub(crate) const DEV: &[u8] = b"Heparin\tB-Drug\n";
pub(crate) const TEST: &[u8] = b"Warfarin\tB-Drug\n";

impl Coordinator {
    pub(crate) fn new(pool: PgPool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = object_store::local::LocalFileSystem::new_with_prefix(folder.path()).unwrap();
        let app = App {
            durable: Durability::start(pool.clone()),
            admission: tokio::sync::Semaphore::new(crate::db::ADMITTED).into(),
            studies: Studies::new(pool.clone()),
            pool,
            store: store.into(),
            lease_ttl: Duration::from_secs(30),
            token: None,
            anonymous: Some(Role::Admin),
            rate: Rate::new(None).into(),
            encrypted: false,
            largest_artifact: 1 << 20,
            dashboard: dashboard::Source::new(None),
            feed: Feed::new(),
            tasks: Tasks::default(),
            shutdown: CancellationToken::new(),
        };
        Self { app, folder }
    }

    /// With dataset `corpus` and backbone `encoder`.
    pub(crate) async fn with_content(pool: PgPool) -> Self {
        let this = Self::new(pool);
        this.add_dataset("corpus").await.unwrap();
        this.add_backbone("encoder").await.unwrap();
        this
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.app.pool
    }

    pub(crate) fn studies(&self) -> &Studies {
        &self.app.studies
    }

    /// Upkeep, once.
    pub(crate) async fn upkeep(&self) {
        reconcile::pass(&self.app.studies, &self.app.store).await.unwrap();
    }

    pub(crate) async fn put(&self, content: &'static [u8], sealed: bool) -> ApiResult<Sha256> {
        let sha256 = sha256(content);
        let body = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(content))]);
        artifact::receive(&self.app, &sha256, sealed, body).await.map(|()| sha256)
    }

    /// The file in which the store keeps a content.
    pub(crate) fn file_of(&self, sha256: &Sha256) -> PathBuf {
        let hex = sha256.as_str();
        self.folder.path().join("sha256").join(&hex[..2]).join(&hex[2..4]).join(hex)
    }

    pub(crate) async fn add_dataset(&self, name: &str) -> ApiResult<Dataset> {
        self.put(TRAIN, false).await?;
        self.put(DEV, false).await?;
        self.put(TEST, true).await?;
        dataset::sql::add(self.pool(), dataset_spec(name, TRAIN, DEV, TEST)).await
    }

    pub(crate) async fn add_backbone(&self, name: &str) -> ApiResult<Backbone> {
        let sha256 = self.put(b"{}", false).await?;
        backbone::sql::add(self.pool(), backbone_spec(name, sha256)).await
    }

    pub(crate) async fn create(&self, spec: StudySpec) -> Study {
        study::create(self.studies(), spec, None).await.unwrap()
    }

    pub(crate) async fn study(&self, name: &str) -> Study {
        study::view::get(self.pool(), name).await.unwrap()
    }

    pub(crate) async fn runs(&self, study: &Study) -> Vec<Run> {
        let filter = RunFilter::default();
        let mut page = PageQuery { limit: Some(LARGEST_LIMIT), cursor: None };
        let mut runs = Vec::new();
        loop {
            let got = run::list::of_study(self.pool(), study.id, &page, &filter).await.unwrap().page;
            runs.extend(got.items);
            page.cursor = got.next;
            if page.cursor.is_none() {
                return runs;
            }
        }
    }

    pub(crate) async fn detail(&self, run: RunId) -> RunDetail {
        run::view::detail(self.pool(), run).await.unwrap()
    }

    /// What only a trial or final run has.
    pub(crate) async fn training(&self, run: RunId) -> TrainDetail {
        self.detail(run).await.training().unwrap().clone()
    }

    /// A worker that has said hello with this many CPU slots.
    pub(crate) async fn worker(&self, devices: usize) -> Worker {
        let id = WorkerId::new();
        let hello = hello(id, devices);
        fleet::sql::hello(self.pool(), &hello, None, self.app.lease_ttl).await.unwrap();
        Worker { id, devices: hello.devices.into_iter().map(|device| device.uuid).collect() }
    }

    /// Claims without waiting, on the worker's first device.
    pub(crate) async fn claim(&self, worker: &Worker) -> Option<LeaseGrant> {
        self.claim_on(worker, 0).await
    }

    pub(crate) async fn claim_on(&self, worker: &Worker, device: usize) -> Option<LeaseGrant> {
        let request =
            ClaimRequest { worker_id: worker.id, device_uuid: worker.devices[device].clone(), wait_ms: 0 };
        lease::claim::wait_for_work(&self.app, &request).await.unwrap()
    }

    pub(crate) async fn try_write(&self, grant: &LeaseGrant, write: &AttemptWrite) -> ApiResult<WriteReply> {
        lease::write::apply(&self.app, grant.run_id, grant.attempt, write).await
    }

    pub(crate) async fn write(&self, grant: &LeaseGrant, write: &AttemptWrite) -> WriteOutcome {
        self.try_write(grant, write).await.unwrap().outcome
    }

    /// Starts, reports once, and completes with a value.
    pub(crate) async fn complete(&self, grant: &LeaseGrant, value: f64) {
        assert_eq!(self.write(grant, &AttemptWrite::Start).await, WriteOutcome::Won);
        assert_eq!(self.write(grant, &report(1, value)).await, WriteOutcome::Won);
        assert_eq!(self.write(grant, &completed(value)).await, WriteOutcome::Won);
    }

    /// Opens the test split, and seals these scores.
    pub(crate) async fn test(&self, grant: &LeaseGrant, f1: f64) {
        assert_eq!(grant.kind, RunKind::Test);
        assert_eq!(self.write(grant, &AttemptWrite::Start).await, WriteOutcome::Won);
        seal::open_test(&self.app, grant.run_id, grant.attempt).await.unwrap();
        assert_eq!(self.write(grant, &tested(grant, f1)).await, WriteOutcome::Won);
    }

    /// Takes a study from its last trial to its end: its one final run, and its test run.
    pub(crate) async fn finish(&self, worker: &Worker, dev: f64, test: f64) {
        let last = self.claim(worker).await.unwrap();
        assert_eq!(last.kind, RunKind::Final);
        self.complete(&last, dev).await;
        self.test(&self.claim(worker).await.unwrap(), test).await;
    }

    /// Ends the pause of every run that failed.
    pub(crate) async fn let_pauses_pass(&self) {
        sqlx::query("UPDATE runs SET not_before = now()").execute(self.pool()).await.unwrap();
    }

    /// Moves the end of every live lease into the past.
    pub(crate) async fn let_leases_run_out(&self) {
        sqlx::query("UPDATE attempts SET lease_expires_at = now() - interval '1 s' WHERE ended_at IS NULL")
            .execute(self.pool())
            .await
            .unwrap();
    }
}

pub(crate) struct Worker {
    pub(crate) id: WorkerId,
    pub(crate) devices: Vec<String>,
}

pub(crate) fn sha256(content: &[u8]) -> Sha256 {
    hex::encode(Hasher::digest(content)).parse().unwrap()
}

pub(crate) fn message<T: std::fmt::Debug>(result: ApiResult<T>) -> String {
    result.unwrap_err().to_string()
}

pub(crate) fn is_code<T: std::fmt::Debug>(
    result: ApiResult<T>,
    expected: pedigree_protocol::ErrorCode,
) -> bool {
    matches!(result, Err(ApiError::Refused { code, .. }) if code == expected)
}

pub(crate) fn dataset_spec(name: &str, train: &[u8], dev: &[u8], test: &[u8]) -> DatasetSpec {
    let split = |content: &[u8]| Split {
        sha256: sha256(content),
        bytes: i64::try_from(content.len()).unwrap(),
        scheme: "IOB2".into(),
        sentences: 1,
        tokens: 1,
        entities: BTreeMap::from([("Drug".into(), 1)]),
        longest_sentence: 1,
    };
    DatasetSpec {
        name: name.into(),
        splits: Splits { train: split(train), dev: split(dev), test: split(test) },
        entity_types: vec!["Drug".into()],
        test_in_train: 0,
        test_in_train_long: 0,
        synthetic: true,
        source: "written for a test".into(),
    }
}

pub(crate) fn backbone_spec(name: &str, file: Sha256) -> BackboneSpec {
    let shape = BackboneShape {
        hidden: 8,
        layers: 1,
        heads: 2,
        intermediate: 16,
        vocab: 30,
        max_positions: 64,
        parameters: 1000,
    };
    BackboneSpec {
        name: name.into(),
        family: "bert".into(),
        source: "a test".into(),
        revision: None,
        shape,
        layers_of_source: None,
        random_weights: true,
        start_adapter: None,
        sha256: file.clone(),
        files: vec![ArtifactFile { name: "config.json".into(), sha256: file, bytes: 2 }],
    }
}

/// A study `name` over `corpus` and `encoder` with one searched dimension.
pub(crate) fn study_spec(name: &str, trials: u32, max_concurrent: u32) -> StudySpec {
    let domain = Domain::Float { min: 1e-5, max: 1e-2, log: true, step: None };
    let dimension = Dimension { name: "learning_rate".into(), domain, when: BTreeMap::new(), prior: None };
    StudySpec {
        name: name.into(),
        dataset: "corpus".into(),
        backbone: "encoder".into(),
        method: Method::Tpe,
        metric: Metric { name: MetricName::DevF1, goal: Goal::Maximize, protocol: ScoringProtocol::Strict },
        parameters: Space::new(vec![dimension]).unwrap(),
        fixed: BTreeMap::from([("epochs".into(), pedigree_protocol::Scalar::Int(2))]),
        pruner: Pruner::None,
        transfer: Transfer::Off,
        finals: Finals::default(),
        trials,
        max_concurrent,
        priority: 0,
        resources: Resources::default(),
        retries: 1,
        lost_retries: LOST_RETRIES,
        study_retries: None,
        seed: 7,
    }
}

pub(crate) fn hello(worker_id: WorkerId, devices: usize) -> Hello {
    let device = |slot| Device {
        uuid: format!("CPU-{worker_id}-{slot}"),
        kind: DeviceKind::Cpu,
        name: "CPU".into(),
        memory_bytes: None,
        unavailable: None,
    };
    Hello {
        worker_id,
        name: "host".into(),
        pid: 1,
        version: env!("CARGO_PKG_VERSION").into(),
        devices: (0..devices).map(device).collect(),
        remaining_s: None,
        follows: None,
        unfit: Vec::new(),
    }
}

pub(crate) fn scores(f1: f64) -> ProtocolScores {
    let score = EntityScore {
        precision: f1,
        recall: f1,
        f1,
        true_positives: 1,
        false_positives: 1,
        false_negatives: 1,
    };
    ProtocolScores { strict: score, conlleval: score, subtoken_all: None }
}

pub(crate) fn test_scores(f1: f64) -> TestScores {
    TestScores {
        overall: scores(f1),
        per_type: BTreeMap::from([("Drug".into(), scores(f1))]),
        sentences: 1,
        windowed_sentences: 0,
        orphan_tags: 0,
    }
}

pub(crate) fn report(epoch: i32, f1: f64) -> AttemptWrite {
    let metrics = EpochReport {
        epoch,
        step: i64::from(epoch) * 10,
        train_loss: 0.5,
        dev_loss: 0.6,
        dev: scores(f1),
        learning_rate: 1e-3,
        gradient_norm: 1.0,
        seconds: 2.0,
        train_seconds: 1.5,
        sentences_per_second: 10.0,
        tokens_per_second: 100.0,
        padded_tokens_per_second: 120.0,
        peak_memory_bytes: 1,
        carried: false,
    };
    AttemptWrite::Report { metrics: Box::new(metrics) }
}

/// The end of a test run: every model has this F1.
pub(crate) fn tested(grant: &LeaseGrant, f1: f64) -> AttemptWrite {
    let Work::Test { models, .. } = &grant.work else { panic!("{grant:?}") };
    let result =
        |model: &TrainedModel| TestResult { run_id: model.run_id, seed: model.seed, scores: test_scores(f1) };
    let results = models.iter().map(result).collect();
    end(AttemptEnd::Tested { summary: Box::new(TestSummary { results, seconds: 1.0, peak_memory_bytes: 1 }) })
}

pub(crate) fn completed(objective: f64) -> AttemptWrite {
    let summary = RunSummary {
        best_epoch: 1,
        epochs: 1,
        stopped_early: false,
        objective,
        dev: scores(objective),
        dev_loss: Some(0.6),
        trainable_parameters: 10,
        seconds: 2.0,
        peak_memory_bytes: 1,
    };
    end(AttemptEnd::Completed { summary: Box::new(summary) })
}

pub(crate) fn failed(cause: FailureCause) -> AttemptWrite {
    end(AttemptEnd::Failed { failure: Failure::new(cause, format!("it was {cause:?}")) })
}

pub(crate) fn end(end: AttemptEnd) -> AttemptWrite {
    AttemptWrite::End { end: Box::new(end), artifacts: Vec::new(), energy: None }
}
