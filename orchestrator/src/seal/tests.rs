use pedigree_protocol::ErrorCode;
use pedigree_protocol::finals::{FinalModel, Finals};
use pedigree_protocol::lease::{AttemptEnd, LeaseGrant, Work, WriteOutcome};
use pedigree_protocol::run::RunKind;
use pedigree_protocol::run_detail::RunWork;
use pedigree_protocol::study::{StudySpec, StudyState};
use sqlx::PgPool;

use crate::seal::open_test;
use crate::testing::{Coordinator, TEST, Worker, completed, end, is_code, message, study_spec, tested};

/// A study whose only trial and final run have completed, and the lease of its test run.
async fn test_run(coordinator: &Coordinator, worker: &Worker) -> LeaseGrant {
    coordinator.create(study_spec("study", 1, 1)).await;
    let trial = coordinator.claim(worker).await.unwrap();
    let refused = open_test(&coordinator.app, trial.run_id, trial.attempt).await;
    assert!(is_code(refused, ErrorCode::Sealed));
    coordinator.complete(&trial, 0.5).await;
    let last = coordinator.claim(worker).await.unwrap();
    assert_eq!(last.kind, RunKind::Final);
    // A worker of an earlier release asks for it; the run goes to another worker then.
    assert!(is_code(open_test(&coordinator.app, last.run_id, last.attempt).await, ErrorCode::Conflict));
    coordinator.complete(&last, 0.6).await;
    let grant = coordinator.claim(worker).await.unwrap();
    assert_eq!(grant.kind, RunKind::Test);
    grant
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn the_test_run_alone_opens_the_test_split_and_its_scores_are_sealed_once(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let grant = test_run(&coordinator, &worker).await;
    assert_eq!(coordinator.study("study").await.state, StudyState::Testing);
    let early = coordinator.try_write(&grant, &tested(&grant, 0.4)).await;
    assert_eq!(message(early), "the run has test scores, but never opened the test split");
    assert_eq!(open_test(&coordinator.app, grant.run_id, grant.attempt).await.unwrap(), TEST);
    let trained = coordinator.try_write(&grant, &completed(0.6)).await;
    assert_eq!(message(trained), "a test run trains no tags; it ends with its own kind of result");
    let mut others = grant.clone();
    let Work::Test { models, .. } = &mut others.work else { panic!("{grant:?}") };
    models[0].seed += 1;
    let foreign = coordinator.try_write(&grant, &tested(&others, 0.4)).await;
    assert!(message(foreign).contains("exactly the models that it was given"));
    coordinator.test(&grant, 0.4).await;
    let study = coordinator.study("study").await;
    let seal = study.seal.unwrap();
    assert_eq!((seal.run_id, seal.attempt, seal.openings), (grant.run_id, grant.attempt, 1));
    assert_eq!(seal.f1(study.spec.metric.protocol), Some(0.4));
    assert_eq!(
        (seal.results[0].run_id, seal.results[0].seed),
        (study.finals[0].run_id, study.finals[0].seed)
    );
    assert!(seal.sealed_at.is_some());
    let detail = coordinator.detail(grant.run_id).await;
    let RunWork::Test(work) = detail.work else { panic!("{detail:?}") };
    assert_eq!((work.models.len(), work.summary.unwrap().results), (1, seal.results));
    assert_eq!(detail.run.value, Some(0.4));
    let again = open_test(&coordinator.app, grant.run_id, grant.attempt).await;
    assert!(is_code(again, ErrorCode::Conflict));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_later_attempt_of_the_test_run_opens_it_again_and_that_is_counted(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let first = test_run(&coordinator, &worker).await;
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
    assert_eq!((seal.attempt, seal.openings, seal.results.len()), (second.attempt, 2, 0));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn several_final_runs_are_tested_by_one_opening(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let finals = Finals { seeds: 3, ..Finals::default() };
    coordinator.create(StudySpec { finals, ..study_spec("study", 1, 2) }).await;
    coordinator.complete(&coordinator.claim(&worker).await.unwrap(), 0.8).await;
    for (replicate, value) in [(1, 0.5), (2, 0.52), (3, 0.54)] {
        let grant = coordinator.claim(&worker).await.unwrap();
        assert_eq!(coordinator.detail(grant.run_id).await.run.replicate, Some(replicate));
        assert_eq!(coordinator.study("study").await.behind, None, "said when all have ended");
        coordinator.complete(&grant, value).await;
    }
    let study = coordinator.study("study").await;
    let seeds: std::collections::BTreeSet<i64> = study.finals.iter().map(|run| run.seed).collect();
    assert_eq!(seeds.len(), 3);
    let behind = study.behind.unwrap();
    assert!(behind.starts_with("3 final runs reach 0.5200 on dev in the mean, 0.2800 worse"), "{behind}");
    coordinator.test(&coordinator.claim(&worker).await.unwrap(), 0.4).await;
    let study = coordinator.study("study").await;
    assert_eq!((study.state, study.seal.unwrap().results.len()), (StudyState::Completed, 3));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn the_best_trials_own_model_can_stand_for_the_study(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let finals = Finals { model: FinalModel::BestTrial, ..Finals::default() };
    coordinator.create(StudySpec { finals, ..study_spec("study", 2, 1) }).await;
    for value in [0.8, 0.3] {
        coordinator.complete(&coordinator.claim(&worker).await.unwrap(), value).await;
    }
    let study = coordinator.study("study").await;
    assert_eq!((study.state, study.finals.len()), (StudyState::Testing, 0));
    coordinator.test(&coordinator.claim(&worker).await.unwrap(), 0.7).await;
    let study = coordinator.study("study").await;
    let (best, seal) = (study.best.unwrap(), study.seal.unwrap());
    assert_eq!((study.state, seal.results[0].run_id), (StudyState::Completed, best.run_id));
}
