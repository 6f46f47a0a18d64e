use pedigree_protocol::ErrorCode;
use pedigree_protocol::lease::{AttemptEnd, LeaseGrant, WriteOutcome};
use pedigree_protocol::run::RunKind;
use sqlx::PgPool;

use crate::seal::open_test;
use crate::testing::{Coordinator, TEST, Worker, completed, end, is_code, message, study_spec, test_scores};

/// A study whose only trial has completed, and the lease of its final run.
async fn final_run(coordinator: &Coordinator, worker: &Worker) -> LeaseGrant {
    coordinator.create(study_spec("study", 1, 1)).await;
    let trial = coordinator.claim(worker).await.unwrap();
    let refused = open_test(&coordinator.app, trial.run_id, trial.attempt).await;
    assert!(is_code(refused, ErrorCode::Sealed));
    coordinator.complete(&trial, 0.5, None).await;
    let grant = coordinator.claim(worker).await.unwrap();
    assert_eq!(grant.kind, RunKind::Final);
    grant
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn the_final_run_alone_opens_the_test_split_and_its_scores_are_sealed_once(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let grant = final_run(&coordinator, &worker).await;
    let early = coordinator.try_write(&grant, &completed(0.6, Some(test_scores(0.4)))).await;
    assert_eq!(message(early), "the run has test scores, but never opened the test split");
    assert_eq!(open_test(&coordinator.app, grant.run_id, grant.attempt).await.unwrap(), TEST);
    let without = coordinator.try_write(&grant, &completed(0.6, None)).await;
    assert!(is_code(without, ErrorCode::Invalid));
    coordinator.complete(&grant, 0.6, Some(test_scores(0.4))).await;
    let seal = coordinator.study("study").await.seal.unwrap();
    assert_eq!((seal.run_id, seal.attempt, seal.openings), (grant.run_id, grant.attempt, 1));
    assert_eq!(seal.scores, Some(test_scores(0.4)));
    assert!(seal.sealed_at.is_some());
    let again = open_test(&coordinator.app, grant.run_id, grant.attempt).await;
    assert!(is_code(again, ErrorCode::Conflict));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_later_attempt_of_the_final_run_opens_it_again_and_that_is_counted(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let first = final_run(&coordinator, &worker).await;
    // Its answer may be lost: the same attempt asks again, and has opened it once.
    for _ in 0..2 {
        open_test(&coordinator.app, first.run_id, first.attempt).await.unwrap();
        assert_eq!(coordinator.study("study").await.seal.unwrap().openings, 1);
    }
    assert_eq!(coordinator.write(&first, &end(AttemptEnd::Released)).await, WriteOutcome::Won);
    let second = coordinator.claim(&worker).await.unwrap();
    assert_eq!((second.run_id, second.attempt.0), (first.run_id, 2));
    assert!(is_code(open_test(&coordinator.app, first.run_id, first.attempt).await, ErrorCode::Conflict));
    open_test(&coordinator.app, second.run_id, second.attempt).await.unwrap();
    let seal = coordinator.study("study").await.seal.unwrap();
    assert_eq!((seal.attempt, seal.openings, seal.scores), (second.attempt, 2, None));
}
