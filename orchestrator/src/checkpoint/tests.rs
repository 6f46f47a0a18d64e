//! Checkpoints against a real database and a folder.

use bytes::Bytes;
use pedigree_protocol::ErrorCode;
use pedigree_protocol::lease::{AttemptEnd, LeaseGrant, WriteOutcome};
use sqlx::PgPool;

use crate::testing::{Coordinator, completed, end, is_code, study_spec};
use crate::{checkpoint, reconcile};

async fn store(coordinator: &Coordinator, grant: &LeaseGrant, content: &'static [u8]) -> WriteOutcome {
    let body = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(content))]);
    let reply = checkpoint::receive(&coordinator.app, grant.run_id, grant.attempt, body).await;
    reply.unwrap().outcome
}

async fn files(coordinator: &Coordinator) -> usize {
    use futures::TryStreamExt;
    use object_store::ObjectStore;
    let folder = object_store::path::Path::from("checkpoints");
    coordinator.app.store.list(Some(&folder)).try_collect::<Vec<_>>().await.unwrap().len()
}

/// Complaint 16 (optuna 3351, 2705, 6132): a trial that was half trained begins anew.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_16_the_next_attempt_goes_on_from_the_newest_checkpoint(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.create(study_spec("s", 1, 1)).await;
    let worker = coordinator.worker(1).await;
    let first = coordinator.claim(&worker).await.unwrap();
    assert_eq!(first.checkpoint, None);
    for content in [b"one".as_slice(), b"two!", b"three"] {
        assert_eq!(store(&coordinator, &first, content).await, WriteOutcome::Won);
    }
    assert!(files(&coordinator).await <= 2, "older ones pile up");
    coordinator.write(&first, &end(AttemptEnd::Released)).await;

    let second = coordinator.claim(&worker).await.unwrap();
    let stored = second.checkpoint.unwrap();
    assert_eq!((stored.attempt, stored.bytes), (first.attempt, 5));
    let content = checkpoint::fetch(&coordinator.app, second.run_id, second.attempt).await.unwrap();
    assert_eq!(content, b"three".as_slice());
    assert_eq!(store(&coordinator, &second, b"four").await, WriteOutcome::Won);
    reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    assert!(files(&coordinator).await > 0, "a live run keeps its checkpoint");
    coordinator.write(&second, &completed(0.5)).await;
    reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    assert_eq!(files(&coordinator).await, 0);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn an_attempt_that_lost_its_lease_neither_stores_nor_fetches(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.create(study_spec("s", 1, 1)).await;
    let (old, new) = (coordinator.worker(1).await, coordinator.worker(1).await);
    let first = coordinator.claim(&old).await.unwrap();
    assert_eq!(store(&coordinator, &first, b"one").await, WriteOutcome::Won);
    coordinator.let_leases_run_out().await;
    reconcile::expire_leases(coordinator.studies()).await.unwrap();
    let second = coordinator.claim(&new).await.unwrap();
    assert_eq!(store(&coordinator, &first, b"later").await, WriteOutcome::Lost);
    let fetch = |grant: &LeaseGrant| checkpoint::fetch(&coordinator.app, grant.run_id, grant.attempt);
    assert!(is_code(fetch(&first).await, ErrorCode::Conflict));
    assert_eq!(fetch(&second).await.unwrap(), b"one".as_slice());
    let mut unknown = second.clone();
    unknown.attempt = pedigree_protocol::Attempt(9);
    assert_eq!(store(&coordinator, &unknown, b"x").await, WriteOutcome::Unknown);
}
