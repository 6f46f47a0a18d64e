//! Whose turn it is, what users hold back, and what devices must have.

use pedigree_protocol::ErrorCode;
use pedigree_protocol::access::{Role, TokenSpec};
use pedigree_protocol::fleet::{Device, DeviceKind, Hello};
use pedigree_protocol::lease::{AttemptEnd, AttemptWrite, Directive, LeaseGrant};
use pedigree_protocol::resources::{Hold, Resources};
use pedigree_protocol::run::{FailureCause, RunState};
use pedigree_protocol::study::RetryFailed;
use pedigree_protocol::study::{StudySpec, StudyState};
use pedigree_protocol::{TokenId, WorkerId};
use sqlx::PgPool;

use crate::access::token;
use crate::testing::{Coordinator, Worker, end, failed, hello, is_code, message, report, study_spec};
use crate::{fleet, reconcile, run, study};

async fn user(coordinator: &Coordinator, name: &str) -> TokenId {
    let spec = TokenSpec { name: name.into(), role: Role::Operator, lifetime_s: None };
    token::create(coordinator.pool(), &spec).await.unwrap().token.id
}

async fn create_for(coordinator: &Coordinator, name: &str, owner: TokenId) {
    study::create(coordinator.studies(), study_spec(name, 9, 9), Some(owner)).await.unwrap();
}

/// The names of the studies whose runs are given out, one after another, to the devices from `first` on.
async fn turns(coordinator: &Coordinator, worker: &Worker, first: usize, count: usize) -> Vec<String> {
    let mut names = Vec::new();
    for device in first..first + count {
        names.push(coordinator.claim_on(worker, device).await.unwrap().queue_name);
    }
    names
}

async fn directive(coordinator: &Coordinator, grant: &LeaseGrant) -> Directive {
    coordinator.try_write(grant, &AttemptWrite::Renew).await.unwrap().directive
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn devices_are_shared_fairly_among_users_and_then_among_their_studies(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(12).await;
    let (ada, bea) = (user(&coordinator, "ada").await, user(&coordinator, "bea").await);
    create_for(&coordinator, "ada-1", ada).await;
    create_for(&coordinator, "ada-2", ada).await;
    create_for(&coordinator, "bea-1", bea).await;
    assert_eq!(coordinator.study("ada-1").await.owner.as_deref(), Some("ada"));
    let order = turns(&coordinator, &worker, 0, 6).await;
    assert_eq!(order, ["ada-1", "bea-1", "ada-2", "bea-1", "ada-1", "bea-1"]);
    // A priority comes before all shares.
    study::control::prioritise(coordinator.studies(), "ada-2", 10).await.unwrap();
    assert_eq!(turns(&coordinator, &worker, 6, 3).await, ["ada-2", "ada-2", "ada-2"]);
    study::control::prioritise(coordinator.studies(), "ada-2", -1).await.unwrap();
    assert_eq!(turns(&coordinator, &worker, 9, 3).await, ["bea-1", "bea-1", "bea-1"]);
    let far = study::control::prioritise(coordinator.studies(), "ada-2", 101).await;
    assert_eq!(message(far), "priority: 101 is out of bounds; give -100 to 100");
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn no_more_runs_are_live_than_max_concurrent_also_after_a_retry(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(4).await;
    coordinator.create(StudySpec { retries: 0, ..study_spec("study", 9, 2) }).await;
    for _ in 0..3 {
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.write(&grant, &failed(FailureCause::Crashed)).await;
    }
    let retried =
        study::retry::failed(coordinator.studies(), "study", &RetryFailed::default()).await.unwrap();
    assert_eq!((retried.runs.len(), retried.study.trials.waiting), (3, 5));
    assert!(coordinator.claim_on(&worker, 0).await.is_some());
    assert!(coordinator.claim_on(&worker, 1).await.is_some());
    assert!(coordinator.claim_on(&worker, 2).await.is_none(), "two are live");
}

/// Complaint 22 (ray 30584): a search that was stopped cannot be brought back.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_22_a_pause_is_reversible(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(2).await;
    coordinator.create(study_spec("study", 3, 2)).await;
    let live = coordinator.claim(&worker).await.unwrap();
    let paused = study::control::set_hold(coordinator.studies(), "study", Hold::Finish).await.unwrap();
    assert_eq!((paused.hold, paused.waits), (Hold::Finish, None));
    assert!(coordinator.claim_on(&worker, 1).await.is_none());
    assert_eq!(directive(&coordinator, &live).await, Directive::Continue, "what runs comes to its end");
    study::control::set_hold(coordinator.studies(), "study", Hold::Now).await.unwrap();
    assert_eq!(directive(&coordinator, &live).await, Directive::Release);
    coordinator.write(&live, &end(AttemptEnd::Released)).await;
    let study = coordinator.study("study").await;
    assert_eq!(study.waits.as_deref(), Some("it is paused; `pedigree study resume` lets it go on"));
    reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    assert!(coordinator.claim(&worker).await.is_none());
    let resumed = study::control::set_hold(coordinator.studies(), "study", Hold::None).await.unwrap();
    assert_eq!((resumed.state, resumed.waits), (StudyState::Searching, None));
    let again = coordinator.claim(&worker).await.unwrap();
    assert_eq!((again.run_id, again.attempt.0), (live.run_id, 2));
    study::cancel(coordinator.studies(), "study").await.unwrap();
    let ended = study::control::set_hold(coordinator.studies(), "study", Hold::Finish).await;
    assert!(is_code(ended, ErrorCode::Conflict));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_trial_is_paused_resumed_and_cancelled_by_itself(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let study = coordinator.create(study_spec("study", 4, 2)).await;
    let live = coordinator.claim(&worker).await.unwrap();
    run::control::set_paused(coordinator.pool(), live.run_id, true).await.unwrap();
    assert_eq!(directive(&coordinator, &live).await, Directive::Release);
    coordinator.write(&live, &end(AttemptEnd::Released)).await;
    let other = coordinator.claim(&worker).await.unwrap();
    assert_ne!(other.run_id, live.run_id, "the paused one is passed over");
    let asked = run::control::cancel(coordinator.studies(), other.run_id).await.unwrap();
    assert_eq!((asked.state, asked.cancelling), (RunState::Leased, true));
    assert_eq!(directive(&coordinator, &other).await, Directive::Stop);
    coordinator.write(&other, &end(AttemptEnd::Cancelled)).await;
    let ended = coordinator.detail(other.run_id).await.run;
    assert_eq!((ended.state, ended.cancelling), (RunState::Cancelled, false));
    // Another trial takes the place of the cancelled one.
    let third = coordinator.claim(&worker).await.unwrap();
    assert_eq!(third.number, Some(3));
    coordinator.complete(&third, 0.5).await;
    let resumed = run::control::set_paused(coordinator.pool(), live.run_id, false).await.unwrap();
    assert!(!resumed.paused);
    assert_eq!(coordinator.claim(&worker).await.unwrap().run_id, live.run_id);
    // A waiting one ends at once, and can be tried again.
    let waiting =
        coordinator.runs(&study).await.into_iter().find(|run| run.state == RunState::Waiting).unwrap();
    let cancelled = run::control::cancel(coordinator.studies(), waiting.id).await.unwrap();
    assert_eq!(cancelled.state, RunState::Cancelled);
    let refused = message(run::control::set_paused(coordinator.pool(), waiting.id, true).await);
    assert_eq!(refused, "the run has ended already: it is cancelled");
    let retried = study::retry::run(coordinator.studies(), waiting.id).await.unwrap();
    assert_eq!(retried.runs[0].state, RunState::Waiting);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_cancelled_trial_stays_cancelled_however_its_attempt_ends(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(study_spec("study", 9, 1)).await;
    for ending in [failed(FailureCause::Crashed), end(AttemptEnd::Released)] {
        let grant = coordinator.claim(&worker).await.unwrap();
        run::control::cancel(coordinator.studies(), grant.run_id).await.unwrap();
        coordinator.write(&grant, &ending).await;
        assert_eq!(coordinator.detail(grant.run_id).await.run.state, RunState::Cancelled, "{ending:?}");
    }
    let grant = coordinator.claim(&worker).await.unwrap();
    run::control::cancel(coordinator.studies(), grant.run_id).await.unwrap();
    coordinator.let_leases_run_out().await;
    reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    assert_eq!(coordinator.detail(grant.run_id).await.run.state, RunState::Cancelled);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_drained_worker_gets_nothing_new(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(2).await;
    coordinator.create(study_spec("study", 3, 3)).await;
    let live = coordinator.claim(&worker).await.unwrap();
    coordinator.write(&live, &report(1, 0.5)).await;
    let drain = async |hold| fleet::sql::set_hold(coordinator.pool(), worker.id, hold).await.unwrap().hold;
    assert_eq!(drain(Hold::Finish).await, Hold::Finish);
    assert!(coordinator.claim_on(&worker, 1).await.is_none());
    assert_eq!(directive(&coordinator, &live).await, Directive::Continue);
    drain(Hold::Now).await;
    assert_eq!(directive(&coordinator, &live).await, Directive::Release);
    coordinator.write(&live, &end(AttemptEnd::Released)).await;
    let waits = coordinator.study("study").await.waits.unwrap();
    assert_eq!(waits, "no device that fits is in use: the worker host is drained");
    assert_eq!(drain(Hold::None).await, Hold::None);
    assert_eq!(coordinator.claim_on(&worker, 1).await.unwrap().run_id, live.run_id);
    let unknown = fleet::sql::set_hold(coordinator.pool(), WorkerId::new(), Hold::Now).await;
    assert!(is_code(unknown, ErrorCode::NotFound));
}

/// A worker with one GPU of this name and size, which has to end in so many seconds.
async fn gpu_worker(coordinator: &Coordinator, name: &str, gib: i64, remaining_s: Option<u32>) -> Worker {
    let id = WorkerId::new();
    let device = Device {
        uuid: format!("GPU-{id}"),
        kind: DeviceKind::Gpu,
        name: name.into(),
        memory_bytes: Some(gib << 30),
        unavailable: None,
    };
    let hello = Hello { devices: vec![device.clone()], remaining_s, ..hello(id, 0) };
    fleet::sql::hello(coordinator.pool(), &hello, None, coordinator.app.lease_ttl).await.unwrap();
    Worker { id, devices: vec![device.uuid] }
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_run_is_given_only_to_a_device_that_has_what_its_study_asks_for(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let resources =
        Resources { gpu_model: Some("a100".into()), min_memory_gib: Some(40), walltime_s: Some(3_600) };
    coordinator.create(StudySpec { resources, ..study_spec("study", 1, 1) }).await;
    let waits = async || coordinator.study("study").await.waits;
    assert!(waits().await.unwrap().starts_with("no worker is here"));
    let cpu = coordinator.worker(1).await;
    let other = gpu_worker(&coordinator, "NVIDIA H100 PCIe", 80, None).await;
    let small = gpu_worker(&coordinator, "NVIDIA A100-PCIE-24GB", 24, None).await;
    let ending = gpu_worker(&coordinator, "NVIDIA A100-SXM4-80GB", 80, Some(1_800)).await;
    for worker in [&cpu, &other, &small, &ending] {
        assert!(coordinator.claim(worker).await.is_none());
    }
    let sentence = waits().await.unwrap();
    assert_eq!(sentence, "no worker fits: the nearest, NVIDIA A100-SXM4-80GB, misses the walltime");
    let fitting = gpu_worker(&coordinator, "NVIDIA A100-SXM4-80GB", 80, Some(7_200)).await;
    assert_eq!(waits().await, None);
    let grant = coordinator.claim(&fitting).await.unwrap();
    assert_eq!(grant.walltime_s, Some(3_600));
}
