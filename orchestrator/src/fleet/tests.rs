use std::time::Duration;

use pedigree_protocol::{ErrorCode, WorkerId};
use sqlx::PgPool;

use crate::fleet::sql;
use crate::testing::{Coordinator, hello, is_code, study_spec};

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_worker_is_listed_with_its_newest_devices_and_what_holds_them(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    sql::hello(coordinator.pool(), &hello(worker.id, 2), None).await.unwrap();
    coordinator.create(study_spec("study", 1, 1)).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    let workers = sql::list(coordinator.pool(), Duration::from_secs(30)).await.unwrap();
    let [listed] = workers.as_slice() else { panic!("{workers:?}") };
    assert!(listed.alive);
    let held: Vec<_> = listed.devices.iter().map(|d| (d.device.uuid.as_str(), d.run_id, d.attempt)).collect();
    let (first, second) = (worker.devices[0].as_str(), format!("CPU-{}-1", worker.id));
    assert_eq!(held, [(first, Some(grant.run_id), Some(grant.attempt)), (second.as_str(), None, None)]);
    assert!(!sql::list(coordinator.pool(), Duration::ZERO).await.unwrap()[0].alive);
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
