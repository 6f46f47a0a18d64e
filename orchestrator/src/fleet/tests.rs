use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use pedigree_protocol::access::{Role, TokenSpec};
use pedigree_protocol::fleet::{DeviceKind, DeviceRecord, Hello, Holder, WorkerFilter};
use pedigree_protocol::gpu::{GpuIncident, GpuReading, GpuReadings};
use pedigree_protocol::lease::ClaimRequest;
use pedigree_protocol::page::PageQuery;
use pedigree_protocol::resources::Hold;
use pedigree_protocol::run::RunKind;
use pedigree_protocol::upkeep::Level;
use pedigree_protocol::{ErrorCode, TokenId, WorkerId};
use serde_json::json;
use sqlx::PgPool;

use crate::access::caller::{By, Caller};
use crate::access::token;
use crate::extract::Json;
use crate::fleet::{http, quarantine, readings, sql};
use crate::lease::claim;
use crate::testing::{Coordinator, Worker, hello, is_code, message, study_spec};
use crate::upkeep::diagnosis;

/// The first page of the workers.
async fn list(pool: &PgPool) -> Vec<pedigree_protocol::fleet::Worker> {
    sql::list(pool, &PageQuery::default(), WorkerFilter::default()).await.unwrap().items
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_worker_is_listed_with_its_newest_devices_and_what_holds_them(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    sql::hello(coordinator.pool(), &hello(worker.id, 2), None, coordinator.app.lease_ttl).await.unwrap();
    coordinator.create(study_spec("study", 1, 1)).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    let workers = list(coordinator.pool()).await;
    let [listed] = workers.as_slice() else { panic!("{workers:?}") };
    assert!(listed.alive);
    let held: Vec<_> = listed.devices.iter().map(|d| (d.device.uuid.as_str(), d.run_id, d.attempt)).collect();
    let (first, second) = (worker.devices[0].as_str(), format!("CPU-{}-1", worker.id));
    assert_eq!(held, [(first, Some(grant.run_id), Some(grant.attempt)), (second.as_str(), None, None)]);
    let holder = Holder { queue_name: "study".into(), kind: RunKind::Trial, number: Some(1) };
    assert_eq!([&listed.devices[0].holder, &listed.devices[1].holder], [&Some(holder), &None]);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_worker_is_alive_for_twice_the_lease_that_it_was_told(pool: PgPool) {
    let worker = hello(WorkerId::new(), 1);
    for (ttl, silent, alive) in [(30, 59, true), (30, 61, false), (2, 3, true), (2, 5, false)] {
        sql::hello(&pool, &worker, None, Duration::from_secs(ttl)).await.unwrap();
        let silence = "UPDATE workers SET last_seen_at = now() - make_interval(secs => $1)";
        sqlx::query(silence).bind(f64::from(silent)).execute(&pool).await.unwrap();
        assert_eq!(list(&pool).await[0].alive, alive, "{silent} s, told {ttl} s");
    }
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn an_unknown_worker_or_device_is_told_to_say_hello(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    let worker = coordinator.worker(1).await;
    let touch = |id, device: &str| {
        let (pool, device) = (coordinator.pool().clone(), device.to_owned());
        async move { sql::touch(&pool, id, &device).await }
    };
    touch(worker.id, &worker.devices[0]).await.unwrap();
    assert!(is_code(touch(worker.id, "GPU-other").await, ErrorCode::NotFound));
    assert!(is_code(touch(WorkerId::new(), &worker.devices[0]).await, ErrorCode::NotFound));
}

/// A worker of the release before, as it introduced itself: its body decodes, and it is told what to do.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_worker_of_the_release_before_is_told_in_a_sentence_what_to_do(pool: PgPool) {
    let recorded = include_str!("hello_0_1_0.json");
    let said: Hello = serde_json::from_str(recorded).unwrap();
    assert_eq!((said.version.as_str(), said.devices.len()), ("0.1.0", 1));
    let coordinator = Coordinator::with_content(pool.clone()).await;
    let (app, caller) =
        (State(coordinator.app.clone()), Extension(Caller { role: Role::Admin, by: By::Nothing }));
    let refused = http::hello(app, caller, Json(said.clone())).await.map(|_| ());
    let sentence = message(refused);
    assert!(sentence.contains("install pedigree 0.2 on this host and start the worker again"), "{sentence}");
    assert!(list(&pool).await.is_empty());

    // One that was here before the coordinator was upgraded goes on asking for work.
    coordinator.create(study_spec("study", 1, 1)).await;
    sql::hello(&pool, &said, None, coordinator.app.lease_ttl).await.unwrap();
    let request =
        ClaimRequest { worker_id: said.worker_id, device_uuid: said.devices[0].uuid.clone(), wait_ms: 0 };
    let claimed = claim::wait_for_work(&coordinator.app, &request).await;
    assert_eq!(message(claimed), sentence);
}

/// A worker with a GPU in two MIG instances, beside a CPU slot.
fn with_instances(id: WorkerId) -> Hello {
    let mut hello = hello(id, 3);
    for (index, device) in hello.devices[..2].iter_mut().enumerate() {
        device.uuid = format!("MIG-{id}-{index}");
        device.kind = DeviceKind::Gpu;
    }
    hello
}

const TTL: Duration = Duration::from_secs(30);

fn reading(uuid: &str) -> GpuReading {
    serde_json::from_value(json!({"uuid": uuid})).unwrap()
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn what_gpus_show_is_listed_until_they_show_something_else(pool: PgPool) {
    let id = WorkerId::new();
    let hello = with_instances(id);
    sql::hello(&pool, &hello, None, TTL).await.unwrap();
    let uuids: Vec<&str> = hello.devices.iter().map(|device| device.uuid.as_str()).collect();
    let listed = || async {
        let devices = list(&pool).await.remove(0).devices;
        devices
            .into_iter()
            .map(|record: DeviceRecord| record.shown.map(|shown| shown.reading))
            .collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [None, None, None]);
    let hot = GpuReading {
        parent: Some("GPU-1".into()),
        temperature_c: Some(91),
        power_w: Some(61.5),
        last_incident: Some(GpuIncident { what: "XID 79".into(), xid: Some(79), seconds_ago: 2 }),
        ..reading(uuids[0])
    };
    let told = |gpus| GpuReadings { worker_id: id, gpus };
    // One that is told twice, a CPU slot and another's GPU do no harm.
    let gpus = vec![hot.clone(), reading(uuids[0]), reading(uuids[2]), reading("GPU-other")];
    readings::record(&pool, &told(gpus)).await.unwrap();
    assert_eq!(listed().await, [Some(hot), None, None]);
    readings::record(&pool, &told(vec![reading(uuids[0]), reading(uuids[1])])).await.unwrap();
    assert_eq!(listed().await, [Some(reading(uuids[0])), Some(reading(uuids[1])), None]);
    let mut long = reading(uuids[0]);
    long.parent = Some("x".repeat(301));
    assert!(is_code(readings::record(&pool, &told(vec![long])).await, ErrorCode::Invalid));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_drain_outlives_the_workers_restart(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.create(study_spec("study", 1, 1)).await;
    let drained = coordinator.worker(1).await;
    sql::set_hold(coordinator.pool(), drained.id, Hold::Finish).await.unwrap();
    let follow = async |earlier: WorkerId| {
        let id = WorkerId::new();
        let hello = Hello { follows: Some(earlier), ..hello(id, 1) };
        let worker = Worker { id, devices: vec![hello.devices[0].uuid.clone()] };
        sql::hello(coordinator.pool(), &hello, None, TTL).await.unwrap();
        let listed = list(coordinator.pool()).await;
        (listed.into_iter().find(|listed| listed.id == id).unwrap().hold, worker)
    };
    let (hold, second) = follow(drained.id).await;
    assert_eq!(hold, Hold::Finish);
    assert!(coordinator.claim(&second).await.is_none());
    // A hello that is said again changes nothing; nor does one after a resume bring the drain back.
    sql::set_hold(coordinator.pool(), second.id, Hold::None).await.unwrap();
    let again = Hello { follows: Some(drained.id), ..hello(second.id, 1) };
    sql::hello(coordinator.pool(), &again, None, TTL).await.unwrap();
    assert!(coordinator.claim(&second).await.is_some());
    assert_eq!(follow(second.id).await.0, Hold::None);
    assert_eq!(follow(WorkerId::new()).await.0, Hold::None, "one that is not known");
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn an_unfit_device_is_out_of_use_until_it_is_released_whoever_offers_it(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.create(study_spec("study", 1, 1)).await;
    let offer = async |unfit: bool| {
        let id = WorkerId::new();
        let mut hello = hello(id, 1);
        hello.devices[0].uuid = "GPU-1".into();
        if unfit {
            hello.devices[0].unavailable = Some("XID 79".into());
            hello.unfit = vec!["GPU-1".into(), "GPU-of-another".into()];
        }
        sql::hello(coordinator.pool(), &hello, None, TTL).await.unwrap();
        Worker { id, devices: vec!["GPU-1".into()] }
    };
    let quarantine = async || {
        let newest = list(coordinator.pool()).await.remove(0);
        newest.devices[0].quarantine.clone()
    };
    offer(true).await;
    assert_eq!(quarantine().await.as_deref(), Some("XID 79"));
    let restarted = offer(false).await;
    assert_eq!(quarantine().await.as_deref(), Some("XID 79"));
    assert!(coordinator.claim(&restarted).await.is_none());
    quarantine::release(coordinator.pool(), "GPU-1").await.unwrap();
    assert_eq!(quarantine().await, None);
    assert!(coordinator.claim(&restarted).await.is_some());
    let foreign = quarantine::release(coordinator.pool(), "GPU-of-another").await;
    assert!(is_code(foreign, ErrorCode::NotFound), "a worker speaks for its own devices only");
}

/// The list of workers and the diagnosis tell a token that is refused or soon will be, until the worker has another.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_workers_token_that_is_refused_or_expires_soon_is_told(pool: PgPool) {
    let token = async |name: &str, days: u32| {
        let lifetime_s = Some(days * 24 * 60 * 60);
        let spec = TokenSpec { name: name.into(), role: Role::Worker, lifetime_s };
        token::create(&pool, &spec).await.unwrap().token.id
    };
    let start = async |token: TokenId| {
        let hello = Hello { name: "gpus".into(), ..hello(WorkerId::new(), 1) };
        sql::hello(&pool, &hello, Some(token), TTL).await.unwrap();
    };
    let told = async || {
        let trouble = list(&pool).await[0].token.clone().unwrap().trouble();
        let findings = diagnosis::of(&pool).await.unwrap().findings;
        let finding = findings.into_iter().find(|finding| finding.check == "tokens").unwrap();
        (trouble, finding.level, finding.finding)
    };
    start(token("long", 30).await).await;
    assert!(matches!(told().await, (None, Level::Ok, _)));
    start(token("short", 6).await).await;
    let (trouble, level, finding) = told().await;
    assert!(trouble.unwrap().starts_with("its token short expires at "));
    assert!(
        level == Level::Warning && finding.starts_with("the token short of gpus expires at "),
        "{finding}"
    );
    token::revoke(&pool, "short").await.unwrap();
    let (trouble, level, finding) = told().await;
    assert_eq!(trouble.as_deref(), Some("its token short was revoked"));
    assert_eq!((level, finding.as_str()), (Level::Failure, "the token short of gpus was revoked"));
    start(token("late", 6).await).await;
    sqlx::query("UPDATE tokens SET expires_at = now() - interval '1 hour'").execute(&pool).await.unwrap();
    let (trouble, level, _) = told().await;
    assert!(trouble.unwrap().starts_with("its token late expired at ") && level == Level::Failure);
    start(token("new", 30).await).await;
    assert!(matches!(told().await, (None, Level::Ok, _)));
}
