use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;

use pedigree_protocol::event::Topic;
use pedigree_protocol::lease::{AttemptEnd, AttemptWrite};
use sqlx::PgPool;
use tokio::sync::broadcast;

use crate::events::{Signal, listener};
use crate::testing::{Coordinator, end, report, study_spec};

/// A coordinator whose listener hears the database.
async fn listening(pool: PgPool) -> (Coordinator, broadcast::Receiver<Signal>) {
    let coordinator = Coordinator::with_content(pool).await;
    let app = &coordinator.app;
    let mut signals = app.feed.subscribe();
    tokio::spawn(listener::run(app.pool.clone(), app.feed.clone(), app.shutdown.clone()));
    assert!(matches!(soon(signals.recv()).await, Ok(Signal::Resync)));
    (coordinator, signals)
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future).await.expect("nothing came within 10 s")
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_waiting_run_and_a_freed_device_wake_whoever_asks_for_work(pool: PgPool) {
    let (coordinator, _signals) = listening(pool).await;
    let worker = coordinator.worker(1).await;
    let woken = coordinator.app.feed.work();
    coordinator.create(study_spec("study", 1, 1)).await;
    soon(woken).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    let woken = coordinator.app.feed.work();
    coordinator.write(&grant, &end(AttemptEnd::Released)).await;
    soon(woken).await;
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn every_kind_of_change_is_told_with_what_it_belongs_to(pool: PgPool) {
    let (coordinator, mut signals) = listening(pool).await;
    let worker = coordinator.worker(1).await;
    let study = coordinator.create(study_spec("study", 1, 1)).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    coordinator.write(&grant, &report(1, 0.5)).await;
    coordinator.write(&grant, &AttemptWrite::Log { offset: 0, text: "epoch 1\n".into() }).await;
    let (of_study, of_run) = ((Some(study.id.into()), None), (Some(study.id.into()), Some(grant.run_id)));
    let mut wanted = HashSet::from([
        (Topic::Fleet, (None, None)),
        (Topic::Study, of_study),
        (Topic::Run, of_run),
        (Topic::Fleet, (None, Some(grant.run_id))),
        (Topic::Log, of_run),
    ]);
    while !wanted.is_empty() {
        if let Signal::Change(change) = soon(signals.recv()).await.unwrap() {
            wanted.remove(&(change.topic, (change.queue_id, change.run_id)));
        }
    }
}
